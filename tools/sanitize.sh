#!/usr/bin/env bash
# Builds the extension with AddressSanitizer and UndefinedBehaviorSanitizer beside a copy of the package, never over
# src/wengert/_core*.so, and runs the two-second test and a short fuzz with it. Options go to cmake's configure step.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
folder=${SANITIZE_DIR:-build/sanitize}
mkdir -p "$folder/package"
folder=$(cd "$folder" && pwd)
cmake -S . -B "$folder/build" -G Ninja -DCMAKE_BUILD_TYPE=Debug -DWENGERT_SANITIZE=ON -DWENGERT_DEV=OFF \
  -DPython_EXECUTABLE="$(command -v "$python")" "$@" >"$folder/configure.log"
nice cmake --build "$folder/build" -j "${JOBS:-2}" --target _core >"$folder/build.log" || { tail -n 40 "$folder/build.log"; exit 1; }
rm -rf "$folder/package/wengert"
cp -r src/wengert "$folder/package/"
rm -f "$folder"/package/wengert/_core*.so
cp "$folder"/build/_core*.so "$folder/package/wengert/"

# Python itself is not instrumented: it keeps some memory to its end, and the allocator has to be the one we watch.
export PYTHONPATH=$folder/package PYTHONMALLOC=malloc
export ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1:max_allocation_size_mb=2000
export UBSAN_OPTIONS=print_stacktrace=1
preload="$(g++ -print-file-name=libasan.so) $(g++ -print-file-name=libubsan.so)"
echo "two-second test, sanitized"
LD_PRELOAD=$preload "$python" -m pytest -q -p no:cacheprovider tests/test_tiny.py
for seed in ${FUZZ_SEEDS:-1}; do
  for program in fuzz fuzz_layers; do
    log=$folder/$program.$seed
    LD_PRELOAD=$preload "$python" tests/$program.py "$seed" "${FUZZ_SECONDS:-10}" "$log" || { cat "$log"; exit 1; }
    echo "$program with seed $seed: $(cat "$log")"
  done
done
