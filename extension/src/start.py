"""Starts the sidecar with its own packages alone: `LIBRARY SIDECAR ARGUMENTS...`; run with -I and -S."""

import sys

sys.path[:0] = sys.argv[1:3]
sys.argv[1:3] = []
sys.argv[0] = "throughline"

from throughline.__main__ import main

main()
