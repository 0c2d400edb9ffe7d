"""An engine that does what a test says in its prompt, plugged in as anyone's would be."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from aeforge_cli.sandbox.engine import Instruction, Refused

if sys.platform != "win32":
    import fcntl


class ObedientEngine:
    def edit(self, picture: Image.Image, instruction: Instruction, progress: Callable[[float], None]) -> Image.Image:
        progress(0.5)
        match instruction.prompt.split():
            case ["die"]:
                os._exit(7)
            case ["print", text]:
                print(text, flush=True)
            case ["refuse", reason]:
                raise Refused(reason)
            case ["stumble", what]:
                raise RuntimeError(what)
            case ["sleep"]:
                time.sleep(3600)
            case ["hold", path]:
                with Path(path).open("a") as file:
                    fcntl.flock(file, fcntl.LOCK_EX)
                    os.write(1, b"held\n")
                    time.sleep(3600)
            case _:
                pass
        return picture
