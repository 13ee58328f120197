"""What MkDocs is told beside mkdocs.yml: pages from outside docs/, links that lead out of it, and diagrams.

The Markdown files are written for whoever reads them in the repository. On the site, a link to a page of the site
leads there, a link to any other file of the repository becomes its name, and a Mermaid diagram becomes the picture
that `python -m tools.diagrams` has made of it.
"""

import posixpath
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
if str(ROOT) not in sys.path:  # MkDocs loads a hook by its path
    sys.path.append(str(ROOT))

from tools.diagrams import DIAGRAM, FOLDER, name_of  # noqa: E402

DOCS = "docs"
FROM_OUTSIDE = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "security-policy.md",
    "CODE_OF_CONDUCT.md": "code-of-conduct.md",
}
"""Pages of the site that are files of the repository's own folder."""
_LINK = re.compile(r"(?P<image>!?)\[(?P<text>(?:[^\[\]]|\[[^\]]*\])*)\]\((?P<target>[^)\s]+)\)")
_CODE = re.compile(r"(^```.*?^```$)", re.DOTALL | re.MULTILINE)


def for_the_site(text: str, source: str) -> str:
    """Return a file's Markdown as a page of the site. `source`: its path in the repository."""
    page = FROM_OUTSIDE.get(source, posixpath.relpath(source, DOCS))
    folder = posixpath.dirname(source)

    def linked(found: re.Match[str]) -> str:
        path, _, anchor = found["target"].partition("#")
        if not path or "://" in path:
            return found[0]
        there = posixpath.normpath(posixpath.join(folder, path))
        if there in FROM_OUTSIDE:
            there = f"{DOCS}/{FROM_OUTSIDE[there]}"
        if not there.startswith(f"{DOCS}/"):
            return found["text"]
        target = posixpath.relpath(there, posixpath.dirname(f"{DOCS}/{page}"))
        return f"{found['image']}[{found['text']}]({target}{f'#{anchor}' if anchor else ''})"

    def drawn(found: re.Match[str]) -> str:
        picture = posixpath.relpath(FOLDER / f"{name_of(found[1])}.svg", ROOT / posixpath.dirname(f"{DOCS}/{page}"))
        return f"![A diagram; in the repository it is text]({picture})"

    parts = _CODE.split(text)
    return "".join(DIAGRAM.sub(drawn, one) if one.startswith("```") else _LINK.sub(linked, one) for one in parts)


def on_files(files: Any, config: Any) -> Any:
    """Add the pages from outside docs/."""
    from mkdocs.structure.files import File  # type: ignore[import-not-found]  # noqa: PLC0415 - only make docs has it

    for source, page in FROM_OUTSIDE.items():
        content = for_the_site((ROOT / source).read_text(encoding="utf-8"), source)
        files.append(File.generated(config, page, content=content))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:  # noqa: ARG001 - MkDocs' face
    """Return a page's Markdown with links and diagrams as the site has them."""
    if page.file.src_uri in FROM_OUTSIDE.values():
        return markdown
    return for_the_site(markdown, f"{DOCS}/{page.file.src_uri}")


LOADED = re.compile(
    r"""<(?:script|img|iframe|source)\b[^>]*\bsrc=["']?(?:https?:)?//"""
    r"""|<link\b(?=[^>]*rel=["']?(?:stylesheet|preload|preconnect|icon))[^>]*href=["']?(?:https?:)?//"""
)


def on_post_build(config: Any) -> None:
    """See to it that no page loads anything from elsewhere. Raises BuildError."""
    from mkdocs.exceptions import BuildError  # type: ignore[import-not-found]  # noqa: PLC0415 - as above

    for path in Path(config["site_dir"]).rglob("*.html"):
        if found := LOADED.search(path.read_text(encoding="utf-8")):
            raise BuildError(f"{path.name} loads something from elsewhere: {found[0]}")
