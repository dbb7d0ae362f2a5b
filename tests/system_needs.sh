#!/bin/sh
# What the tests need besides Python packages: a Chrome or Chromium, and FluidSynth to render
# notes. `make test` calls this with the interpreter of .venv. What is there is taken; on Debian
# and Ubuntu what is missing is installed, where that needs no password.
set -u
cd "$(dirname "$0")/.."
python=$1

missing() {
    "$python" -m tests.browser >/dev/null 2>&1 || printf ' chromium'
    "$python" -c 'import fluidsynth' >/dev/null 2>&1 || printf ' libfluidsynth3'
}

if [ -n "${TIMBRELENS_CHROME:-}" ]; then
    "$python" -m tests.browser >/dev/null || exit 1
fi

packages=$(missing)
[ -z "$packages" ] && exit 0

install="apt-get install -y --no-install-recommends$packages"
if [ "$(id -u)" = 0 ]; then root=""; else root="sudo -n"; fi
if [ -e /etc/debian_version ] && $root true 2>/dev/null; then
    echo "Installing with apt-get, for the tests:$packages ..."
    export DEBIAN_FRONTEND=noninteractive
    $root apt-get update -qq && $root $install -qq >/dev/null
    [ -z "$(missing)" ] && exit 0
fi

if [ -e /etc/debian_version ]; then
    help="sudo $install"
elif [ "$(uname)" = Darwin ]; then
    help="brew install fluid-synth && brew install --cask chromium"
else
    help="install chromium and fluidsynth with the package manager of this system"
fi
echo "The tests need$packages, which could not be installed from here. This helps: $help" >&2
exit 1
