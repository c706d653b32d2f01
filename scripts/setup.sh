#!/usr/bin/env bash
# Bring a machine to where voicemate runs: system packages, a virtual environment, the locked dependencies.
#   scripts/setup.sh talk   what `make talk` needs
#   scripts/setup.sh test   the same and what the tests need
# Doing it again does nothing; a changed lock file brings the environment up to it.
set -euo pipefail
cd "$(dirname "$0")/.."

for_what=${1:?talk or test}
venv=.venv
log=.setup.log

say() { printf 'voicemate: %s\n' "$*"; }
fail() { printf 'voicemate: %s\n' "$*" >&2; exit 1; }

# Run a command quietly with a clock, its output in the log; show the log's end when it fails.
with_clock() {
  local what=$1 start=$SECONDS shown=-30 elapsed pid status=0
  shift
  "$@" >>"$log" 2>&1 &
  pid=$!
  trap 'kill $pid 2>/dev/null; exit 130' INT TERM
  while kill -0 "$pid" 2>/dev/null; do
    elapsed=$((SECONDS - start))
    if [ -t 1 ]; then
      printf '\rvoicemate: %s  %02d:%02d ' "$what" $((elapsed / 60)) $((elapsed % 60))
    elif [ $((elapsed - shown)) -ge 30 ]; then
      shown=$elapsed
      printf 'voicemate: %s  %02d:%02d\n' "$what" $((elapsed / 60)) $((elapsed % 60))
    fi
    sleep 0.5
  done
  wait "$pid" || status=$?
  trap - INT TERM
  [ -t 1 ] && printf '\n'
  if [ "$status" -ne 0 ]; then
    tail -n 25 "$log" >&2
    fail "that failed (exit $status); the whole log is in $log"
  fi
}

# A screen of their own for the tests that press keys and click, and what Qt needs to draw on it.
desktop="xvfb openbox trayer xdotool x11-xkb-utils fonts-dejavu-core dbus-daemon libegl1 libgl1 libdbus-1-3 libfontconfig1
  libx11-xcb1 libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0
  libxcb-render-util0 libxcb-shape0 libxcb-shm0 libxcb-sync1 libxcb-xfixes0 libxcb-xkb1"

has_headers() { "$1" -c 'import pathlib, sys, sysconfig
sys.exit(not pathlib.Path(sysconfig.get_path("include"), "Python.h").exists())'; }

# What whisper.cpp's bindings are compiled with: those of the Python that is there, or of Debian's.
headers_package() {
  if [ -z "$python" ]; then
    echo python3-dev
  elif ! has_headers "$python"; then
    "$python" -c 'import sys; print("python{}.{}-dev".format(*sys.version_info))'
  fi
}

system_debian() {
  local wanted="libportaudio2 libasound2-plugins espeak-ng build-essential python3-venv" missing="" package sudo=""
  wanted="$wanted $(headers_package)"
  [ "$for_what" = test ] && wanted="$wanted pulseaudio pulseaudio-utils git $desktop"
  for package in $wanted; do
    # A Python of one's own needs no python3-venv from Debian.
    [ "$package" = python3-venv ] && [ -n "$python" ] && "$python" -c 'import ensurepip, venv' 2>/dev/null && continue
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
  done
  [ -z "$missing" ] && return
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || fail "these packages are missing, and only root can install them:$missing"
    sudo=sudo
  fi
  [ -n "$sudo" ] && $sudo -v # asks for the password now, not behind the clock
  with_clock "looking for system packages" $sudo apt-get update -qq
  with_clock "installing system packages:$missing" \
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
}

system_macos() {
  xcode-select -p >/dev/null 2>&1 ||
    fail "the Xcode command line tools are missing (llama.cpp is compiled here): run \`xcode-select --install\`, then this again"
  [ "$(uname -m)" = arm64 ] || fail "voicemate needs an Apple-silicon Mac"
}

system_packages() {
  case $(uname -s) in
    Darwin) system_macos ;;
    Linux)
      if command -v apt-get >/dev/null; then
        system_debian
      else
        say "install PortAudio, espeak-ng and a C++ compiler with your package manager if this fails"
      fi
      ;;
    *) fail "voicemate runs on macOS and Linux" ;;
  esac
}

find_python() {
  local candidate
  for candidate in ${PYTHON:-} python3.12 python3.13 python3.11 python3; do
    command -v "$candidate" >/dev/null || continue
    if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
      echo "$candidate"
      return
    fi
  done
}

: >"$log"
python=$(find_python)
system_packages
python=$(find_python)
[ -n "$python" ] || fail "Python 3.11, 3.12 or 3.13 is needed: install one, or name it with PYTHON=…"

if [ ! -x $venv/bin/python ] || ! $venv/bin/python -c '' 2>/dev/null; then
  say "making $venv with $("$python" --version)"
  rm -rf $venv
  "$python" -m venv $venv
fi

pip() { $venv/bin/python -m pip --disable-pip-version-check "$@"; }

lock=requirements.lock
[ "$for_what" = test ] && lock=requirements-dev.lock
compiled=""
install_locked() { pip install $compiled --require-hashes -r $lock; }

# pywhispercpp's wheel for Linux suits every x86 CPU of the last ten years; compiled for this one, whisper takes a third
# less time. Its build hands all variables on to CMake.
if [ "$(uname -s)" = Linux ] && ! has_headers $venv/bin/python; then
  say "Python's headers are missing, so whisper.cpp is not compiled for this CPU: hearing takes half as long again"
elif [ "$(uname -s)" = Linux ]; then
  compiled="--no-binary pywhispercpp"
  export GGML_NATIVE=ON GGML_LLAMAFILE=ON BUILD_SHARED_LIBS=OFF CMAKE_POSITION_INDEPENDENT_CODE=ON
fi
# Where the CPU has AMX, gcc before 13.2.1 leaves out what sets ggml's tiles up, and the first product of two matrices
# ends the process (llama.cpp's pull request 26954). Told to leave no store out it does not; the option is recorded in
# what it makes, so that such a build can be told from others.
kept=""
if grep -qsw amx_tile /proc/cpuinfo; then
  kept=-fno-tree-dse
  export CFLAGS="${CFLAGS:-} $kept -fno-dse -frecord-gcc-switches"
  export CXXFLAGS="${CXXFLAGS:-} $kept -fno-dse -frecord-gcc-switches"
fi
compile_anew() { pip cache remove "$1" || true; pip uninstall --yes "$1"; install_locked; } # no cache is no fault

# What was installed before, or comes from pip's cache, may be the wheel, or compiled otherwise.
whisper_is_compiled() {
  $venv/bin/python -c '
import pathlib, sys, _pywhispercpp
library = pathlib.Path(_pywhispercpp.__file__).read_bytes()
sys.exit("LLAMAFILE" not in _pywhispercpp.whisper_print_system_info() or sys.argv[1].encode() not in library)' "$kept"
}
llama_is_compiled() {
  [ -z "$kept" ] ||
    $venv/bin/python -c 'import sys; from voicemate.llm.llama.build_info import Amx, amx; sys.exit(amx() is not Amx.SOUND)'
}

with_clock "installing the locked packages (compiling llama.cpp and whisper.cpp takes 5 to 15 minutes, once)" \
  install_locked
if [ -n "$compiled" ] && ! whisper_is_compiled 2>>"$log"; then
  with_clock "compiling whisper.cpp for this CPU (1 to 3 minutes, once)" compile_anew pywhispercpp
fi
if ! llama_is_compiled 2>>"$log"; then
  with_clock "compiling llama.cpp for this CPU (5 to 15 minutes, once)" compile_anew llama_cpp_python
fi
with_clock "installing voicemate" \
  pip install --no-deps --editable .
touch "$venv/.$for_what"
[ "$for_what" = test ] && touch "$venv/.talk"
exit 0
