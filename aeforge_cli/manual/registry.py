"""The commands at the root, and a summary of each, held equal to their help by a test.

So `aeforge --help` loads no command, and a command loads its own module alone.
"""

SUMMARIES = {
    "inpaint": "Edit part of an image as a prompt describes.",
    "upscale": "Enlarge an image.",
    "split-layer": "Separate one element of an image into its own layer.",
    "generate": "Create an image from a prompt.",
    "effect": "Create a visual effect.",
    "sprite": "Animate images, restyle sprites, overlay characters.",
    "build": "Make what is missing or out of date in a list of assets.",
    "job": "Check, wait for, list and explain jobs.",
    "usage": "Show how many jobs were submitted, and what they cost.",
    "auth": "Sign in, sign out, and show the current key.",
    "config": "Show and change settings.",
    "sandbox": "Run a sandbox of the service on this machine: no key, no cost.",
    "doctor": "Check the setup, and say what to fix.",
    "help": "Show help on a command or topic.",
    "api": "Send any request to the service, and print the response.",
    "completion": "Print the completion script for a shell.",
    "skill": "Print instructions for AI assistants, or install them.",
}


def module_of(name: str) -> str:
    """The module in `commands` that registers the command."""
    return name.replace("-", "_")
