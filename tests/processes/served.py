"""The application that gunicorn loads."""

import os
from pathlib import Path

from .serving import make

app = make(Path(os.environ["SERVED_FOLDER"]), Path(os.environ["SERVED_TEMPLATES"]))
