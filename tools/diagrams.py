"""Draws the documents' Mermaid diagrams as SVG, once: python -m tools.diagrams package/dist/mermaid.min.js

GitHub draws the text itself. The site and a reader without a network have the pictures in docs/images/diagrams, each
named by its text, so that a test knows one that is missing. Mermaid comes from its package (`npm pack mermaid@11`), the
drawing from Chromium.
"""

import base64
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "images" / "diagrams"
DIAGRAM = re.compile(r"^```mermaid\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_PAGE = """<!doctype html><meta charset="utf-8"><div id="drawn"></div><script src="{mermaid}"></script><script>
const flowchart = {{htmlLabels: false}}, fontFamily = "system-ui, sans-serif"
mermaid.initialize({{startOnLoad: false, theme: "neutral", htmlLabels: false, flowchart, fontFamily}})
const show = svg => document.getElementById("drawn").textContent = `SVG${{btoa(unescape(encodeURIComponent(svg)))}}END`
mermaid.render("d", {text}).then(({{svg}}) => show(svg))
</script>"""
_BROWSER = ("--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=20000", "--dump-dom")


def documents() -> list[Path]:
    """Return the Markdown files that may hold diagrams."""
    return [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


def diagrams() -> dict[str, str]:
    """Return the text of each diagram by its name."""
    texts = [text for path in documents() for text in DIAGRAM.findall(path.read_text(encoding="utf-8"))]
    return {name_of(text): text for text in texts}


def name_of(text: str) -> str:
    """Return what a diagram's picture is called."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def draw(text: str, mermaid: Path, chromium: str) -> str:
    """Return a diagram as SVG on a light ground, so that it can be read in the dark too."""
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        page.write_text(_PAGE.format(mermaid=mermaid.resolve().as_uri(), text=json.dumps(text)), encoding="utf-8")
        command = [chromium, *_BROWSER, str(page)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    (found,) = re.findall(r"SVG([\w+/=]+)END", done.stdout.partition("<script")[0])
    svg = base64.b64decode(found).decode()
    return svg.replace('style="', 'style="background-color: #fff; ', 1) + "\n"


def main() -> int:
    """Draw what has no picture, and delete pictures of what no longer exists."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome") or "chromium"
    wanted = diagrams()
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path in FOLDER.glob("*.svg"):
        if path.stem not in wanted:
            path.unlink()
    for name, text in wanted.items():
        path = FOLDER / f"{name}.svg"
        if not path.exists():
            path.write_text(draw(text, Path(sys.argv[1]), chromium), encoding="utf-8")
            print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
