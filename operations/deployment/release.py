"""Names a release: a digest of what a published version of the functions is made of.

SAM publishes a version when a function's properties change *as the template writes them*: `!Ref Helpline` is the same
text whatever the helpline is. So the digest covers the values of the parameters that functions read as well, and the
template hands it to SAM. What does not reach a version, such as ServiceOpen, is left out: closing the desk in an
emergency must not wait for a canary.
"""

import hashlib
import json
from pathlib import Path

from operations.template import ARTIFACTS, Template, Values, references

RELEASE = "Release"
"""The template's parameter that carries it."""
_COUNT = 10
"""SAM names a version after the first ten letters."""


def release_of(built: Template, folder: Path, values: Values) -> str:
    """Return the release that these parameters make of a build. `folder`: where `sam build` put it."""
    versioned = built.versioned()
    made_of = {
        "code": {name: digest_of(path) for name, path in artifacts(built, folder).items()},
        "functions": versioned,
        # A resource that is replaced has another name in the functions' environment.
        "resources": {name: built.resources[name] for name in references(versioned) if name in built.resources},
        "parameters": {name: values[name] for name in built.released_parameters() if name in values},
    }
    return hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()


def artifacts(built: Template, folder: Path) -> dict[str, Path]:
    """Return the folder that is uploaded for each function and layer."""
    return {
        name: folder / str(properties[key])
        for kind, key in ARTIFACTS.items()
        for name, properties in built.of_type(kind).items()
    }


def digest_of(folder: Path) -> str:
    """Return a digest of a folder's files, by their names and contents."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(folder).as_posix()} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def next_release(made: str, deployed: str, *, rolled_back_at: str | None) -> str:
    """Return the release to deploy, where `deployed` is the stack's now.

    Lambda publishes nothing where nothing has changed since the last version, and that may be the one that was taken
    back: after a rollback the same build needs another name. A release that was deployed under such a name keeps it.
    """
    if deployed == made or deployed[_COUNT:] == made[:-_COUNT]:
        return deployed
    if rolled_back_at is None:
        return made
    return hashlib.sha256(rolled_back_at.encode()).hexdigest()[:_COUNT] + made[:-_COUNT]
