"""Try the tables: `python -m tests.understanding [language ...]` tells every miss, and the shares."""

import sys

from tests.understanding.table import languages, phrases, play, report

if __name__ == "__main__":
    wanted = sys.argv[1:] or languages()
    print(report([play(phrase) for language in wanted for phrase in phrases(language)], tell=True))
