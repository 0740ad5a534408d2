#!/bin/bash
# The codecs against python3 (and php, where it is): the same bytes for the same
# values, the same values for the same bytes.
set -eu
command -v python3 >/dev/null || exit 77
BUILD=${BUILD:-build}
export PYTHONDONTWRITEBYTECODE=1
python3 tests/tools/codec_live.py "$BUILD/tests/codec_convert" "${SEED:-1}" 80 2>&1 |
	grep -v '^SystemError: deallocated bytearray' | tail -n 30
[ "${PIPESTATUS[0]}" = 0 ]
