"""The commands at the root, and a summary of each, held equal to their help by a test.

So `aeforge --help` loads no command, and a command loads its own module alone.
"""

SUMMARIES = {
    "inpaint": "Edit part of a picture as a prompt says.",
    "upscale": "Make a picture larger.",
    "split-layer": "Separate one element of a picture into a layer of its own.",
    "generate": "Make a picture from a prompt.",
    "effect": "Make a visual effect.",
    "sprite": "Animate pictures, give sprites another look, put characters over them.",
    "build": "Make what is missing or out of date in a list of assets.",
    "job": "Look at jobs, wait for them, list them.",
    "auth": "Sign in, sign out, and see which key is used.",
    "api": "Make any call to the service, and print the body of its answer as it came.",
    "config": "See and change the settings, and where each comes from.",
    "sandbox": "Serve the AetherForge API on this machine, without a key of yours and at no cost.",
    "doctor": "Check that everything is set up, and say what to do where it is not.",
    "completion": "Print the script that completes aeforge in a shell.",
    "help": "Show the help of a command, or explain a topic.",
}


def module_of(name: str) -> str:
    """The module in `commands` that registers the command."""
    return name.replace("-", "_")
