#!/usr/bin/env bash
# Set up a machine for voicemate: system packages, a virtual environment, the locked dependencies.
#   scripts/setup.sh talk   what `make talk` needs
#   scripts/setup.sh test   the same and what the tests need
# Run it again to update the environment to a changed lock file; otherwise it does nothing.
set -euo pipefail
cd "$(dirname "$0")/.."

for_what=${1:?talk or test}
venv=.venv
log=.setup.log

say() { printf 'voicemate: %s\n' "$*"; }
fail() { printf 'voicemate: %s\n' "$*" >&2; exit 1; }

# Run a command, show the elapsed time, and write its output to the log; on failure, show the end of the log.
with_timer() {
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
    fail "failed (exit $status); see $log for the whole log"
  fi
}

# An X server for the tests that press keys and click, and what Qt needs to draw.
desktop="xvfb openbox trayer xdotool x11-xkb-utils fonts-dejavu-core dbus-daemon libegl1 libgl1 libdbus-1-3 libfontconfig1
  libx11-xcb1 libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0
  libxcb-render-util0 libxcb-shape0 libxcb-shm0 libxcb-sync1 libxcb-xfixes0 libxcb-xkb1"

has_headers() { "$1" -c 'import pathlib, sys, sysconfig
sys.exit(not pathlib.Path(sysconfig.get_path("include"), "Python.h").exists())'; }

# The package with the headers that whisper.cpp's bindings need: for the installed Python, or for Debian's.
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
    # A Python that is not Debian's does not need python3-venv.
    [ "$package" = python3-venv ] && [ -n "$python" ] && "$python" -c 'import ensurepip, venv' 2>/dev/null && continue
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
  done
  [ -z "$missing" ] && return
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || fail "these packages are missing, and only root can install them:$missing"
    sudo=sudo
  fi
  [ -n "$sudo" ] && $sudo -v # ask for the password now, not while the timer hides the prompt
  with_timer "updating the package lists" $sudo apt-get update -qq
  with_timer "installing system packages:$missing" \
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
  say "creating $venv with $("$python" --version)"
  rm -rf $venv
  "$python" -m venv $venv
fi

pip() { $venv/bin/python -m pip --disable-pip-version-check "$@"; }

lock=requirements.lock
[ "$for_what" = test ] && lock=requirements-dev.lock
compiled=""
install_locked() { pip install $compiled --require-hashes -r $lock; }

# pywhispercpp's wheel for Linux runs on any x86 CPU of the last ten years; compiled for this CPU, whisper needs a third
# less time. Its build passes environment variables to CMake.
if [ "$(uname -s)" = Linux ] && ! has_headers $venv/bin/python; then
  say "Python's headers are missing, so whisper.cpp is not compiled for this CPU: speech recognition takes 50% longer"
elif [ "$(uname -s)" = Linux ]; then
  compiled="--no-binary pywhispercpp"
  export GGML_NATIVE=ON GGML_LLAMAFILE=ON BUILD_SHARED_LIBS=OFF CMAKE_POSITION_INDEPENDENT_CODE=ON
fi
# On a CPU with AMX, gcc before 13.2.1 removes the stores that configure ggml's tiles, and the first matrix product
# crashes (llama.cpp pull request 26954). These options keep the stores; they are recorded in the binary, so that such a
# build can be recognized.
kept=""
if grep -qsw amx_tile /proc/cpuinfo; then
  kept=-fno-tree-dse
  export CFLAGS="${CFLAGS:-} $kept -fno-dse -frecord-gcc-switches"
  export CXXFLAGS="${CXXFLAGS:-} $kept -fno-dse -frecord-gcc-switches"
fi
compile_anew() { pip cache remove "$1" || true; pip uninstall --yes "$1"; install_locked; } # a missing cache is not an error

# An earlier installation or pip's cache may have the wheel, or a build with other options.
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

with_timer "installing the locked packages (compiling llama.cpp and whisper.cpp takes 5 to 15 minutes, once)" \
  install_locked
if [ -n "$compiled" ] && ! whisper_is_compiled 2>>"$log"; then
  with_timer "compiling whisper.cpp for this CPU (1 to 3 minutes, once)" compile_anew pywhispercpp
fi
if ! llama_is_compiled 2>>"$log"; then
  with_timer "compiling llama.cpp for this CPU (5 to 15 minutes, once)" compile_anew llama_cpp_python
fi
with_timer "installing voicemate" \
  pip install --no-deps --editable .
touch "$venv/.$for_what"
[ "$for_what" = test ] && touch "$venv/.talk"
exit 0
