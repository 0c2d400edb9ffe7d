# bash completion for aeforge, written by: aeforge completion bash
# It starts no process; only a subshell, for names with a colon and in bash 3.2.

_aeforge_about() {
    case $1 in
        '') commands='inpaint upscale split-layer generate effect sprite build job usage auth config sandbox doctor help api completion skill' options='--version -h --help' ;;
        'inpaint') commands='' options='--from --recursive --manifest -j --jobs --resume --update --fail-fast --max-jobs --yes --shard --share --report --record -o --output --overwrite --skip-existing --open --preview --github-output --timeout --poll-interval --wait --no-wait --dry-run --new --budget --profile --base-url --sandbox --json --format --quiet --verbose --debug -p --prompt -q --quality -h --help' ;;
        'upscale') commands='' options='--from --recursive --manifest -j --jobs --resume --update --fail-fast --max-jobs --yes --shard --share --report --record -o --output --overwrite --skip-existing --open --preview --github-output --timeout --poll-interval --wait --no-wait --dry-run --new --budget --profile --base-url --sandbox --json --format --quiet --verbose --debug --scale -h --help' ;;
        'split-layer') commands='' options='--from --recursive --manifest -j --jobs --resume --update --fail-fast --max-jobs --yes --shard --share --report --record -o --output --overwrite --skip-existing --open --preview --github-output --timeout --poll-interval --wait --no-wait --dry-run --new --budget --profile --base-url --sandbox --json --format --quiet --verbose --debug -k --keyword -h --help' ;;
        'generate') commands='' options='--manifest -j --jobs --resume --update --fail-fast --max-jobs --yes --shard --share --report --record -o --output --overwrite --skip-existing --open --preview --github-output --timeout --poll-interval --wait --no-wait --dry-run --new --budget --profile --base-url --sandbox --json --format --quiet --verbose --debug --model -p --prompt --ref -h --help' ;;
        'effect') commands='' options='--manifest -j --jobs --resume --update --fail-fast --max-jobs --yes --shard --share --report --record -o --output --overwrite --skip-existing --open --preview --github-output --timeout --poll-interval --wait --no-wait --dry-run --new --budget --profile --base-url --sandbox --json --format --quiet --verbose --debug -p --prompt --image --resolution --frames -q --quality --api-version -h --help' ;;
        'sprite') commands='make reskin overlay' options='-h --help' ;;
        'sprite make') commands='' options='--from --recursive --manifest -j --jobs --resume --update --fail-fast --max-jobs --yes --shard --share --report --record -o --output --overwrite --skip-existing --open --preview --github-output --timeout --poll-interval --wait --no-wait --dry-run --new --budget --profile --base-url --sandbox --json --format --quiet --verbose --debug -p --prompt --to --frames --pixel --no-pixel --api-version -h --help' ;;
        'sprite reskin') commands='' options='--from --recursive --manifest -j --jobs --resume --update --fail-fast --max-jobs --yes --shard --share --report --record -o --output --overwrite --skip-existing --open --preview --github-output --timeout --poll-interval --wait --no-wait --dry-run --new --budget --profile --base-url --sandbox --json --format --quiet --verbose --debug -p --prompt --style --resolution -q --quality --api-version -h --help' ;;
        'sprite overlay') commands='' options='--rows -o --output --overwrite --skip-existing --open --preview --github-output --timeout --poll-interval --wait --no-wait --dry-run --new --budget --profile --base-url --sandbox --json --format --quiet --verbose --debug --style --resolution -q --quality --api-version -h --help' ;;
        'build') commands='' options='--only --init -j --jobs --fail-fast --max-jobs --yes --share --report --record --overwrite --github-output --timeout --poll-interval --dry-run --new --budget --profile --base-url --sandbox --json --format --quiet --verbose --debug -h --help' ;;
        'job') commands='status wait list show verify export import prune' options='-h --help' ;;
        'job status') commands='' options='--profile --base-url --sandbox --json --format --quiet --verbose --debug --timeout -h --help' ;;
        'job wait') commands='' options='-o --output --overwrite --skip-existing --open --preview --github-output --timeout --poll-interval --profile --base-url --sandbox --json --format --quiet --verbose --debug -h --help' ;;
        'job list') commands='' options='--json --format --quiet --verbose --debug --pending --failed --search --limit -h --help' ;;
        'job show') commands='' options='--json --format --quiet --verbose --debug -h --help' ;;
        'job verify') commands='' options='--json --format --quiet --verbose --debug -h --help' ;;
        'job export') commands='' options='--json --format --quiet --verbose --debug -h --help' ;;
        'job import') commands='' options='--json --format --quiet --verbose --debug -h --help' ;;
        'job prune') commands='' options='--json --format --quiet --verbose --debug --before -h --help' ;;
        'usage') commands='' options='--json --format --quiet --verbose --debug --since --until --by -h --help' ;;
        'auth') commands='login status logout' options='-h --help' ;;
        'auth login') commands='' options='--profile --base-url --sandbox --json --format --quiet --verbose --debug --with-token --verify --no-verify --keyring -h --help' ;;
        'auth status') commands='' options='--profile --base-url --sandbox --json --format --quiet --verbose --debug --offline -h --help' ;;
        'auth logout') commands='' options='--profile --base-url --sandbox --json --format --quiet --verbose --debug -h --help' ;;
        'config') commands='list get set unset path' options='-h --help' ;;
        'config list') commands='' options='--json --format --quiet --verbose --debug --profile -h --help' ;;
        'config get') commands='' options='--json --format --quiet --verbose --debug --profile -h --help' ;;
        'config set') commands='' options='--json --format --quiet --verbose --debug --profile -h --help' ;;
        'config unset') commands='' options='--json --format --quiet --verbose --debug --profile -h --help' ;;
        'config path') commands='' options='--json --format --quiet --verbose --debug -h --help' ;;
        'sandbox') commands='' options='--json --format --quiet --verbose --debug --port --host --key --state --engine --delay --latency --fail-jobs --status --retry-after --drop --lose-answer --seed -h --help' ;;
        'doctor') commands='' options='--profile --base-url --sandbox --json --format --quiet --verbose --debug --offline -h --help' ;;
        'help') commands='inpaint upscale split-layer generate effect sprite build job usage auth config sandbox doctor help api completion skill exit-codes errors environment scripting manifest output' options='--json -h --help' ;;
        'help inpaint') commands='' options='' ;;
        'help upscale') commands='' options='' ;;
        'help split-layer') commands='' options='' ;;
        'help generate') commands='' options='' ;;
        'help effect') commands='' options='' ;;
        'help sprite') commands='make reskin overlay' options='' ;;
        'help sprite make') commands='' options='' ;;
        'help sprite reskin') commands='' options='' ;;
        'help sprite overlay') commands='' options='' ;;
        'help build') commands='' options='' ;;
        'help job') commands='status wait list show verify export import prune' options='' ;;
        'help job status') commands='' options='' ;;
        'help job wait') commands='' options='' ;;
        'help job list') commands='' options='' ;;
        'help job show') commands='' options='' ;;
        'help job verify') commands='' options='' ;;
        'help job export') commands='' options='' ;;
        'help job import') commands='' options='' ;;
        'help job prune') commands='' options='' ;;
        'help usage') commands='' options='' ;;
        'help auth') commands='login status logout' options='' ;;
        'help auth login') commands='' options='' ;;
        'help auth status') commands='' options='' ;;
        'help auth logout') commands='' options='' ;;
        'help config') commands='list get set unset path' options='' ;;
        'help config list') commands='' options='' ;;
        'help config get') commands='' options='' ;;
        'help config set') commands='' options='' ;;
        'help config unset') commands='' options='' ;;
        'help config path') commands='' options='' ;;
        'help sandbox') commands='' options='' ;;
        'help doctor') commands='' options='' ;;
        'help help') commands='' options='' ;;
        'help api') commands='' options='' ;;
        'help completion') commands='' options='' ;;
        'help skill') commands='' options='' ;;
        'help exit-codes') commands='' options='' ;;
        'help errors') commands='' options='' ;;
        'help environment') commands='' options='' ;;
        'help scripting') commands='' options='' ;;
        'help manifest') commands='' options='' ;;
        'help output') commands='' options='' ;;
        'api') commands='' options='--profile --base-url --sandbox --json --format --quiet --verbose --debug -F --field --timeout --new -h --help' ;;
        'completion') commands='' options='-h --help' ;;
        'skill') commands='' options='--json --format --quiet --verbose --debug --install --to -h --help' ;;
    esac
}

_aeforge_value() {
    case $1 in
        'inpaint --from') REPLY='file' ;;
        'inpaint --manifest') REPLY='file' ;;
        'inpaint -j'|'inpaint --jobs') REPLY='text' ;;
        'inpaint --max-jobs') REPLY='text' ;;
        'inpaint --shard') REPLY='text' ;;
        'inpaint --report') REPLY='file' ;;
        'inpaint --record') REPLY='file' ;;
        'inpaint -o'|'inpaint --output') REPLY='file' ;;
        'inpaint --timeout') REPLY='text' ;;
        'inpaint --poll-interval') REPLY='text' ;;
        'inpaint --budget') REPLY='text' ;;
        'inpaint --profile') REPLY='profile' ;;
        'inpaint --base-url') REPLY='text' ;;
        'inpaint --format') REPLY='words text json csv' ;;
        'inpaint -p'|'inpaint --prompt') REPLY='text' ;;
        'inpaint -q'|'inpaint --quality') REPLY='words standard pro' ;;
        'upscale --from') REPLY='file' ;;
        'upscale --manifest') REPLY='file' ;;
        'upscale -j'|'upscale --jobs') REPLY='text' ;;
        'upscale --max-jobs') REPLY='text' ;;
        'upscale --shard') REPLY='text' ;;
        'upscale --report') REPLY='file' ;;
        'upscale --record') REPLY='file' ;;
        'upscale -o'|'upscale --output') REPLY='file' ;;
        'upscale --timeout') REPLY='text' ;;
        'upscale --poll-interval') REPLY='text' ;;
        'upscale --budget') REPLY='text' ;;
        'upscale --profile') REPLY='profile' ;;
        'upscale --base-url') REPLY='text' ;;
        'upscale --format') REPLY='words text json csv' ;;
        'upscale --scale') REPLY='words 1K 2K 4K' ;;
        'split-layer --from') REPLY='file' ;;
        'split-layer --manifest') REPLY='file' ;;
        'split-layer -j'|'split-layer --jobs') REPLY='text' ;;
        'split-layer --max-jobs') REPLY='text' ;;
        'split-layer --shard') REPLY='text' ;;
        'split-layer --report') REPLY='file' ;;
        'split-layer --record') REPLY='file' ;;
        'split-layer -o'|'split-layer --output') REPLY='file' ;;
        'split-layer --timeout') REPLY='text' ;;
        'split-layer --poll-interval') REPLY='text' ;;
        'split-layer --budget') REPLY='text' ;;
        'split-layer --profile') REPLY='profile' ;;
        'split-layer --base-url') REPLY='text' ;;
        'split-layer --format') REPLY='words text json csv' ;;
        'split-layer -k'|'split-layer --keyword') REPLY='text' ;;
        'generate --manifest') REPLY='file' ;;
        'generate -j'|'generate --jobs') REPLY='text' ;;
        'generate --max-jobs') REPLY='text' ;;
        'generate --shard') REPLY='text' ;;
        'generate --report') REPLY='file' ;;
        'generate --record') REPLY='file' ;;
        'generate -o'|'generate --output') REPLY='file' ;;
        'generate --timeout') REPLY='text' ;;
        'generate --poll-interval') REPLY='text' ;;
        'generate --budget') REPLY='text' ;;
        'generate --profile') REPLY='profile' ;;
        'generate --base-url') REPLY='text' ;;
        'generate --format') REPLY='words text json csv' ;;
        'generate --model') REPLY='words gpt-image-1.5 gpt-image-2 grok-imagine grok-imagine-pro nano-banana nano-banana-2 nano-banana-pro' ;;
        'generate -p'|'generate --prompt') REPLY='text' ;;
        'generate --ref') REPLY='file' ;;
        'effect --manifest') REPLY='file' ;;
        'effect -j'|'effect --jobs') REPLY='text' ;;
        'effect --max-jobs') REPLY='text' ;;
        'effect --shard') REPLY='text' ;;
        'effect --report') REPLY='file' ;;
        'effect --record') REPLY='file' ;;
        'effect -o'|'effect --output') REPLY='file' ;;
        'effect --timeout') REPLY='text' ;;
        'effect --poll-interval') REPLY='text' ;;
        'effect --budget') REPLY='text' ;;
        'effect --profile') REPLY='profile' ;;
        'effect --base-url') REPLY='text' ;;
        'effect --format') REPLY='words text json csv' ;;
        'effect -p'|'effect --prompt') REPLY='text' ;;
        'effect --image') REPLY='file' ;;
        'effect --resolution') REPLY='words 1K 2K 4K' ;;
        'effect --frames') REPLY='words 4 9 16' ;;
        'effect -q'|'effect --quality') REPLY='words standard pro' ;;
        'effect --api-version') REPLY='words 1 2' ;;
        'sprite make --from') REPLY='file' ;;
        'sprite make --manifest') REPLY='file' ;;
        'sprite make -j'|'sprite make --jobs') REPLY='text' ;;
        'sprite make --max-jobs') REPLY='text' ;;
        'sprite make --shard') REPLY='text' ;;
        'sprite make --report') REPLY='file' ;;
        'sprite make --record') REPLY='file' ;;
        'sprite make -o'|'sprite make --output') REPLY='file' ;;
        'sprite make --timeout') REPLY='text' ;;
        'sprite make --poll-interval') REPLY='text' ;;
        'sprite make --budget') REPLY='text' ;;
        'sprite make --profile') REPLY='profile' ;;
        'sprite make --base-url') REPLY='text' ;;
        'sprite make --format') REPLY='words text json csv' ;;
        'sprite make -p'|'sprite make --prompt') REPLY='text' ;;
        'sprite make --to') REPLY='file' ;;
        'sprite make --frames') REPLY='text' ;;
        'sprite make --api-version') REPLY='words 1 2' ;;
        'sprite reskin --from') REPLY='file' ;;
        'sprite reskin --manifest') REPLY='file' ;;
        'sprite reskin -j'|'sprite reskin --jobs') REPLY='text' ;;
        'sprite reskin --max-jobs') REPLY='text' ;;
        'sprite reskin --shard') REPLY='text' ;;
        'sprite reskin --report') REPLY='file' ;;
        'sprite reskin --record') REPLY='file' ;;
        'sprite reskin -o'|'sprite reskin --output') REPLY='file' ;;
        'sprite reskin --timeout') REPLY='text' ;;
        'sprite reskin --poll-interval') REPLY='text' ;;
        'sprite reskin --budget') REPLY='text' ;;
        'sprite reskin --profile') REPLY='profile' ;;
        'sprite reskin --base-url') REPLY='text' ;;
        'sprite reskin --format') REPLY='words text json csv' ;;
        'sprite reskin -p'|'sprite reskin --prompt') REPLY='text' ;;
        'sprite reskin --style') REPLY='words pixel cartoon sd quarter-view' ;;
        'sprite reskin --resolution') REPLY='words 1K 2K 4K' ;;
        'sprite reskin -q'|'sprite reskin --quality') REPLY='words standard pro' ;;
        'sprite reskin --api-version') REPLY='words 1 2' ;;
        'sprite overlay --rows') REPLY='text' ;;
        'sprite overlay -o'|'sprite overlay --output') REPLY='file' ;;
        'sprite overlay --timeout') REPLY='text' ;;
        'sprite overlay --poll-interval') REPLY='text' ;;
        'sprite overlay --budget') REPLY='text' ;;
        'sprite overlay --profile') REPLY='profile' ;;
        'sprite overlay --base-url') REPLY='text' ;;
        'sprite overlay --format') REPLY='words text json csv' ;;
        'sprite overlay --style') REPLY='words pixel cartoon sd quarter-view' ;;
        'sprite overlay --resolution') REPLY='words 1K 2K 4K' ;;
        'sprite overlay -q'|'sprite overlay --quality') REPLY='words standard pro' ;;
        'sprite overlay --api-version') REPLY='words 1 2' ;;
        'build --only') REPLY='text' ;;
        'build -j'|'build --jobs') REPLY='text' ;;
        'build --max-jobs') REPLY='text' ;;
        'build --report') REPLY='file' ;;
        'build --record') REPLY='file' ;;
        'build --timeout') REPLY='text' ;;
        'build --poll-interval') REPLY='text' ;;
        'build --budget') REPLY='text' ;;
        'build --profile') REPLY='profile' ;;
        'build --base-url') REPLY='text' ;;
        'build --format') REPLY='words text json csv' ;;
        'job status --profile') REPLY='profile' ;;
        'job status --base-url') REPLY='text' ;;
        'job status --format') REPLY='words text json csv' ;;
        'job status --timeout') REPLY='text' ;;
        'job wait -o'|'job wait --output') REPLY='file' ;;
        'job wait --timeout') REPLY='text' ;;
        'job wait --poll-interval') REPLY='text' ;;
        'job wait --profile') REPLY='profile' ;;
        'job wait --base-url') REPLY='text' ;;
        'job wait --format') REPLY='words text json csv' ;;
        'job list --format') REPLY='words text json csv' ;;
        'job list --search') REPLY='text' ;;
        'job list --limit') REPLY='text' ;;
        'job show --format') REPLY='words text json csv' ;;
        'job verify --format') REPLY='words text json csv' ;;
        'job export --format') REPLY='words text json csv' ;;
        'job import --format') REPLY='words text json csv' ;;
        'job prune --format') REPLY='words text json csv' ;;
        'job prune --before') REPLY='text' ;;
        'usage --format') REPLY='words text json csv' ;;
        'usage --since') REPLY='text' ;;
        'usage --until') REPLY='text' ;;
        'usage --by') REPLY='words day operation quality profile' ;;
        'auth login --profile') REPLY='profile' ;;
        'auth login --base-url') REPLY='text' ;;
        'auth login --format') REPLY='words text json csv' ;;
        'auth status --profile') REPLY='profile' ;;
        'auth status --base-url') REPLY='text' ;;
        'auth status --format') REPLY='words text json csv' ;;
        'auth logout --profile') REPLY='profile' ;;
        'auth logout --base-url') REPLY='text' ;;
        'auth logout --format') REPLY='words text json csv' ;;
        'config list --format') REPLY='words text json csv' ;;
        'config list --profile') REPLY='profile' ;;
        'config get --format') REPLY='words text json csv' ;;
        'config get --profile') REPLY='profile' ;;
        'config set --format') REPLY='words text json csv' ;;
        'config set --profile') REPLY='profile' ;;
        'config unset --format') REPLY='words text json csv' ;;
        'config unset --profile') REPLY='profile' ;;
        'config path --format') REPLY='words text json csv' ;;
        'sandbox --format') REPLY='words text json csv' ;;
        'sandbox --port') REPLY='text' ;;
        'sandbox --host') REPLY='text' ;;
        'sandbox --key') REPLY='text' ;;
        'sandbox --state') REPLY='folder' ;;
        'sandbox --engine') REPLY='text' ;;
        'sandbox --delay') REPLY='text' ;;
        'sandbox --latency') REPLY='text' ;;
        'sandbox --fail-jobs') REPLY='text' ;;
        'sandbox --status') REPLY='text' ;;
        'sandbox --retry-after') REPLY='text' ;;
        'sandbox --drop') REPLY='text' ;;
        'sandbox --lose-answer') REPLY='text' ;;
        'sandbox --seed') REPLY='text' ;;
        'doctor --profile') REPLY='profile' ;;
        'doctor --base-url') REPLY='text' ;;
        'doctor --format') REPLY='words text json csv' ;;
        'api --profile') REPLY='profile' ;;
        'api --base-url') REPLY='text' ;;
        'api --format') REPLY='words text json csv' ;;
        'api -F'|'api --field') REPLY='text' ;;
        'api --timeout') REPLY='text' ;;
        'skill --format') REPLY='words text json csv' ;;
        'skill --to') REPLY='file' ;;
    esac
}

_aeforge_argument() {
    case $1 in
        'inpaint '*) REPLY='file' ;;
        'upscale '*) REPLY='file' ;;
        'split-layer '*) REPLY='file' ;;
        'sprite make '*) REPLY='file' ;;
        'sprite reskin '*) REPLY='file' ;;
        'sprite overlay 0') REPLY='file' ;;
        'sprite overlay '*) REPLY='file' ;;
        'build 0') REPLY='file' ;;
        'job status '*) REPLY='job' ;;
        'job wait '*) REPLY='job' ;;
        'job show 0') REPLY='file' ;;
        'job verify 0') REPLY='file' ;;
        'job import 0') REPLY='file' ;;
        'config get 0') REPLY='words profile base_url quality timeout jobs output budget account journal dashboard api_key_command' ;;
        'config set 0') REPLY='words profile base_url quality timeout jobs output budget account journal dashboard api_key_command' ;;
        'config set 1') REPLY='text' ;;
        'config unset 0') REPLY='words profile base_url quality timeout jobs output budget account journal dashboard api_key_command' ;;
        'api 0') REPLY='words GET POST' ;;
        'api 1') REPLY='text' ;;
        'completion 0') REPLY='words bash zsh fish powershell' ;;
    esac
}

# The words up to the cursor, whole where bash breaks them at = and :
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
