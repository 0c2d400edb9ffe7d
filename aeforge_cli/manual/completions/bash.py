"""Completion for bash, 3.2 and later: tables of the commands, and one function that finds its way in them."""

from collections.abc import Iterator

from aeforge_cli.manual.completions import Offer, words_to
from aeforge_cli.manual.tree import Command


def script(tree: Command) -> str:
    tables = [
        _table("_aeforge_about", _about(tree)),
        _table("_aeforge_value", _values(tree)),
        _table("_aeforge_argument", _arguments(tree)),
    ]
    return "\n".join([_HEAD, *tables, _BODY])


def _table(name: str, rows: Iterator[str]) -> str:
    return "\n".join([f"{name}() {{", "    case $1 in", *(f"        {row} ;;" for row in rows), "    esac", "}", ""])


def _about(tree: Command) -> Iterator[str]:
    for command in tree.walk():
        names = [name for option in command.options for name in (*option.names, *option.opposites)]
        below = " ".join(found.path[-1] for found in command.commands)
        yield f"'{words_to(command)}') commands='{below}' options='{' '.join(names)}'"


def _values(tree: Command) -> Iterator[str]:
    for command in tree.walk():
        for option in command.options:
            if option.metavar:
                patterns = "|".join(f"'{words_to(command)} {name}'" for name in option.names)
                yield f"{patterns}) REPLY={_quoted(Offer(option.takes, option.choices))}"


def _arguments(tree: Command) -> Iterator[str]:
    for command in tree.walk():
        for number, argument in enumerate(command.arguments):
            offer = Offer(argument.takes, argument.choices)
            pattern = f"'{words_to(command)} '*" if argument.repeatable else f"'{words_to(command)} {number}'"
            yield f"{pattern}) REPLY={_quoted(offer)}"


def _quoted(offer: Offer) -> str:
    return f"'words {' '.join(offer.words)}'" if offer.words else f"'{offer.takes}'"


_HEAD = """\
# bash completion for aeforge, written by: aeforge completion bash
# It starts no process; only a subshell, for names with a colon and in bash 3.2.
"""

_BODY = r"""# The words up to the cursor, whole where bash breaks them at = and :
_aeforge_words() {
    local i piece line=${COMP_LINE:0:COMP_POINT} stripped
    words=()
    for ((i = 0; i <= COMP_CWORD; i++)); do
        stripped=${line#"${line%%[![:space:]]*}"}
        piece=${COMP_WORDS[i]}
        ((i == COMP_CWORD)) && piece=$stripped
        if ((i > 0)) && [[ $stripped == "$line" ]]; then
            words[${#words[@]} - 1]+=$piece
        else
            words[${#words[@]}]=$piece
        fi
        line=${stripped#"$piece"}
    done
}

# The first of: a folder that is named, the one of XDG, and the system's own
_aeforge_folder() {
    local named=$1 xdg=$2 usual=$3
    if [[ -n $named ]]; then
        REPLY=${named/#\~/$HOME}
    elif [[ -n $xdg ]]; then
        REPLY=$xdg/aeforge
    elif [[ $OSTYPE == darwin* ]]; then
        REPLY="$HOME/Library/Application Support/aeforge"
    else
        REPLY=$HOME/$usual/aeforge
    fi
}

_aeforge_jobs() {
    local line
    REPLY=@last
    _aeforge_folder "$AEFORGE_STATE_DIR" "$XDG_STATE_HOME" .local/state
    local file=$REPLY/pending-jobs
    REPLY=@last
    [[ -r $file ]] || return 0
    while IFS= read -r line || [[ -n $line ]]; do
        REPLY+=" $line"
    done <"$file"
}

_aeforge_profiles() {
    local line header='^[[:space:]]*\[[[:space:]]*profiles[[:space:]]*\.[[:space:]]*"?([A-Za-z0-9_-]+)"?[[:space:]]*\]'
    _aeforge_folder "$AEFORGE_CONFIG_DIR" "$XDG_CONFIG_HOME" .config
    local file=$REPLY/config.toml
    REPLY=
    [[ -r $file ]] || return 0
    while IFS= read -r line || [[ -n $line ]]; do
        [[ $line =~ $header ]] && REPLY+=" ${BASH_REMATCH[1]}"
    done <"$file"
    return 0
}

# Offers what fits $1 out of the words in $2
_aeforge_offer() {
    local word IFS=$' \t\n' before=
    # What stands before the last = or : is no part of the word that bash completes.
    if [[ $COMP_WORDBREAKS == *=* && $1 == *=* ]]; then before=${1%"${1##*=}"}; fi
    if [[ $COMP_WORDBREAKS == *:* && $1 == *:* ]]; then before=${1%"${1##*:}"}; fi
    for word in $2; do
        [[ $word == "$1"* ]] && COMPREPLY[${#COMPREPLY[@]}]=${word#"$before"}
    done
    return 0
}

# Offers files or folders ($1) for $2: readline does it, with quotes, blanks and ~ as everywhere. It knows only what
# stands after a colon, though, and bash 3.2 cannot be asked to.
_aeforge_paths() {
    local path option=default flag=-f before=
    if [[ $1 == folder ]]; then option=dirnames flag=-d; fi
    if [[ $2 == *[\\\'\"]* || $2 != *:* || $COMP_WORDBREAKS != *:* ]]; then
        compopt -o "$option" 2>/dev/null && return 0
    else
        before=${2%"${2##*:}"}
        compopt -o filenames 2>/dev/null
    fi
    while IFS= read -r path; do
        COMPREPLY[${#COMPREPLY[@]}]=${path#"$before"}
    done < <(compgen "$flag" -- "$2")
}

# Offers values of kind $1 for the word $2, of which $3 stands before the value
_aeforge_values() {
    local REPLY word prefix=$3 offered=
    case $1 in
        file | folder) _aeforge_paths "$1" "${2#"$3"}"; return ;;
        job) _aeforge_jobs ;;
        profile) _aeforge_profiles ;;
        words\ *) REPLY=${1#words } ;;
        *) return ;;
    esac
    local IFS=$' \t\n'
    for word in $REPLY; do offered+=" $prefix$word"; done
    _aeforge_offer "$2" "$offered"
}

_aeforge() {
    local words word i path='' count=0 expects='' ended='' commands='' options='' REPLY=''
    COMPREPLY=()
    _aeforge_words
    local last=$((${#words[@]} - 1))
    local current=${words[last]}
    _aeforge_about "$path"
    for ((i = 1; i < last; i++)); do
        word=${words[i]}
        if [[ -n $expects ]]; then
            expects=
        elif [[ -z $ended && $word == -- ]]; then
            ended=yes
        elif [[ -z $ended && $word == -?* ]]; then
            REPLY=
            _aeforge_value "$path $word"
            expects=$REPLY
        elif [[ " $commands " == *" $word "* ]]; then
            path=${path:+$path }$word
            _aeforge_about "$path"
        else
            count=$((count + 1))
        fi
    done
    REPLY=
    if [[ -n $expects ]]; then
        _aeforge_values "$expects" "$current" ''
    elif [[ -z $ended && $current == --*=* ]]; then
        _aeforge_value "$path ${current%%=*}"
        _aeforge_values "$REPLY" "$current" "${current%%=*}="
    elif [[ -z $ended && $current == -* ]]; then
        _aeforge_offer "$current" "$options"
    elif [[ -n $commands ]]; then
        _aeforge_offer "$current" "$commands"
    else
        _aeforge_argument "$path $count"
        if [[ -n $REPLY ]]; then
            _aeforge_values "$REPLY" "$current" ''
        elif [[ -z $ended ]]; then
            _aeforge_offer "$current" "$options"
        fi
    fi
}

complete -F _aeforge aeforge
"""
