"""Unpacks the wheels that came with the extension: `WHEELS LIBRARY MINOR`, where MINOR names the Python, such as 3.11.

Prints how many of how many are done, a line each. Whatever ends it, the library is there whole or not at all.
"""

import json
import os
import shutil
import sys
import tempfile
import zipfile

wheels, library, minor = sys.argv[1:4]
with open(os.path.join(wheels, "manifest.json"), encoding="utf-8") as file:
    names = json.load(file)["wheels"][minor]
os.makedirs(os.path.dirname(library), exist_ok=True)
fresh = tempfile.mkdtemp(prefix=".unpacking-", dir=os.path.dirname(library))
try:
    for done, name in enumerate(names, 1):
        with zipfile.ZipFile(os.path.join(wheels, name)) as wheel:
            wheel.extractall(fresh)
        print(done, len(names), flush=True)
    os.chmod(fresh, 0o755)
    try:
        os.rename(fresh, library)
    except OSError:
        # Another window was faster: what it unpacked is the same.
        if not os.path.isdir(library):
            raise
finally:
    shutil.rmtree(fresh, ignore_errors=True)
