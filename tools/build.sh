#!/usr/bin/env bash
# Builds the extension in place (src/wengert/_core*.so) for development. Options go to cmake's configure step.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
build=${BUILD_DIR:-build/dev}
mkdir -p build
exec 9>build/lock
flock 9
cmake -S . -B "$build" -G Ninja -DWENGERT_DEV=ON -DPython_EXECUTABLE="$(command -v "$python")" "$@" >build/configure.log
cmake --build "$build" -j "${JOBS:-2}"
