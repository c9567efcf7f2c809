#!/bin/sh
# Installs a configuration file unless there is one: install_configuration.sh FILE PLACE
set -eu
to=${DESTDIR:-}$2
if [ -e "$to" ]; then
  echo "kept: $to is there already; what comes with this release is $1"
  exit 0
fi
mkdir -p "$(dirname "$to")"
install -m 644 "$1" "$to"
echo "Installing $1 to $to"
