"""Compiles what `sam build` made, so that no cold start has to: python -m operations.building.compile_build FOLDER

`sam build` leaves compiled files out, and a function can write none. A build without them works too, only slower.
They are never compared with their sources, as the times of files do not survive the way through a ZIP archive; and they
hold no time and no path of the machine that built them, so that the same sources make the same layer.
"""

import compileall
import re
import sys
from pathlib import Path
from py_compile import PycInvalidationMode

_LAYERS, _FUNCTIONS = "/opt", "/var/task"
"""Where Lambda unpacks them: what a traceback names."""
_NEVER_LOADED = re.compile(r"/(pydantic/v1|aws_lambda_powertools/(event_handler|utilities/(data_classes|parser)))/")
"""The larger parts of our packages that no function loads."""


def compile_build(build: Path) -> None:
    """Put compiled files beside the sources of each layer and function in a folder of `sam build`.

    Raises SyntaxError if a source cannot be compiled.
    """
    for folder in (path for path in build.iterdir() if path.is_dir()):
        compiled = compileall.compile_dir(
            folder,
            quiet=1,
            rx=_NEVER_LOADED,
            stripdir=folder,
            prependdir=_LAYERS if (folder / "python").is_dir() else _FUNCTIONS,
            invalidation_mode=PycInvalidationMode.UNCHECKED_HASH,
        )
        if not compiled:
            raise SyntaxError(f"not everything in {folder.name} could be compiled")


if __name__ == "__main__":
    compile_build(Path(sys.argv[1]))
