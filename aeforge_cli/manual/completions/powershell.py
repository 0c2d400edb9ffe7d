"""Completion for PowerShell, 5.1 and later: a table of the commands, and one block that finds its way in it."""

from collections.abc import Iterator

from aeforge_cli.manual.completions import Offer, words_to
from aeforge_cli.manual.tree import Command


def script(tree: Command) -> str:
    return "\n".join([_HEAD, "$script:AeforgeCommands = @{", *_table(tree), "}", "", _BODY])


def _table(tree: Command) -> Iterator[str]:
    for command in tree.walk():
        yield f"    {_quoted(words_to(command))} = @{{"
        yield "        Commands = [ordered]@{"
        yield from (f"            {_quoted(below.path[-1])} = {_quoted(below.summary)}" for below in command.commands)
        yield "        }"
        yield "        Options = [ordered]@{"
        for option in command.options:
            offer = _offer(Offer(option.takes, option.choices)) if option.metavar else "''"
            for name in (*option.names, *option.opposites):
                yield f"            {_quoted(name)} = @({_quoted(option.help)}, {offer})"
        yield "        }"
        arguments = [(argument.repeatable, Offer(argument.takes, argument.choices)) for argument in command.arguments]
        yield f"        Arguments = @({', '.join(_offer(offer) for _, offer in arguments)})"
        yield f"        Repeats = ${str(any(repeats for repeats, _ in arguments)).lower()}"
        yield "    }"


def _offer(offer: Offer) -> str:
    return _quoted(f"words {' '.join(offer.words)}" if offer.words else offer.takes.value)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


_HEAD = """\
# PowerShell completion for aeforge, written by: aeforge completion powershell
# It starts no process.
"""

_BODY = r"""# The first of: a folder that is named, the one of XDG, and the system's own
function script:Get-AeforgeFolder([string]$Named, [string]$Xdg, [string]$Usual) {
    if ($Named) { return $Named }
    if ($Xdg) { return (Join-Path $Xdg 'aeforge') }
    if ($env:LOCALAPPDATA) { return (Join-Path $env:LOCALAPPDATA 'aeforge') }
    $mac = Join-Path $HOME 'Library/Application Support/aeforge'
    if (Test-Path $mac) { return $mac }
    return (Join-Path $HOME "$Usual/aeforge")
}

function script:Get-AeforgeJobs {
    '@last'
    $file = Join-Path (Get-AeforgeFolder $env:AEFORGE_STATE_DIR $env:XDG_STATE_HOME '.local/state') 'pending-jobs'
    if (Test-Path $file) { Get-Content $file | Where-Object { $_ } }
}

function script:Get-AeforgeProfiles {
    $file = Join-Path (Get-AeforgeFolder $env:AEFORGE_CONFIG_DIR $env:XDG_CONFIG_HOME '.config') 'config.toml'
    if (-not (Test-Path $file)) { return }
    foreach ($line in Get-Content $file) {
        if ($line -match '^\s*\[\s*profiles\s*\.\s*"?([A-Za-z0-9_-]+)"?\s*\]') { $Matches[1] }
    }
}

# The words offered for a value; none for files and folders, which PowerShell then offers itself
function script:Get-AeforgeValues([string]$Offer) {
    switch -Wildcard ($Offer) {
        'job' { Get-AeforgeJobs }
        'profile' { Get-AeforgeProfiles }
        'words *' { $Offer.Substring(6).Split(' ') }
    }
}

Register-ArgumentCompleter -Native -CommandName aeforge -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $path = ''
    $count = 0
    $expects = ''
    $ended = $false
    $elements = @($commandAst.CommandElements | Where-Object { $_.Extent.EndOffset -lt $cursorPosition })
    foreach ($element in ($elements | Select-Object -Skip 1)) {
        $word = $element.Extent.Text
        $here = $script:AeforgeCommands[$path]
        if ($expects) {
            $expects = ''
        } elseif (-not $ended -and $word -eq '--') {
            $ended = $true
        } elseif (-not $ended -and $word.StartsWith('-')) {
            if ($here.Options.Contains($word)) { $expects = $here.Options[$word][1] }
        } elseif ($here.Commands.Contains($word)) {
            $path = "$path $word".Trim()
        } else {
            $count++
        }
    }
    $here = $script:AeforgeCommands[$path]
    $word = "$wordToComplete"
    $found = [ordered]@{}
    if ($expects) {
        foreach ($value in Get-AeforgeValues $expects) { $found[$value] = $value }
    } elseif (-not $ended -and $word -match '^(--[^=]+)=') {
        $name = $Matches[1]
        if ($here.Options.Contains($name)) {
            foreach ($value in Get-AeforgeValues $here.Options[$name][1]) { $found["$name=$value"] = $value }
        }
    } elseif (-not $ended -and $word.StartsWith('-')) {
        foreach ($name in $here.Options.Keys) { $found[$name] = $here.Options[$name][0] }
    } elseif ($here.Commands.Count) {
        foreach ($name in $here.Commands.Keys) { $found[$name] = $here.Commands[$name] }
    } elseif ($here.Arguments.Count) {
        $number = $count
        if ($here.Repeats) { $number = [Math]::Min($count, $here.Arguments.Count - 1) }
        if ($number -lt $here.Arguments.Count) {
            foreach ($value in Get-AeforgeValues $here.Arguments[$number]) { $found[$value] = $value }
        }
    }
    foreach ($name in $found.Keys) {
        if ($name.StartsWith($word)) {
            [System.Management.Automation.CompletionResult]::new($name, $name, 'ParameterValue', $found[$name])
        }
    }
}
"""
