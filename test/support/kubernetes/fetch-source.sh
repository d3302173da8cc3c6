#!/bin/sh
# Puts the source of Kubernetes 1.20 into /usr/src, from the source package of Debian. Needs root and apt.
set -eu
[ -z "$(find /usr/src -maxdepth 1 -name 'kubernetes-1.*')" ] || exit 0
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# Only for this call: apt on the machine keeps its own list of sources.
mkdir -p "$folder/lists/partial" "$folder/parts"
for file in /etc/apt/sources.list.d/*.sources; do
  sed 's/^Types: deb$/Types: deb-src/' "$file" > "$folder/parts/$(basename "$file")"
done
from() {
  apt-get -q -o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts="$folder/parts" \
    -o Dir::State::Lists="$folder/lists" "$@"
}
cd "$folder"
from update
from --download-only source kubernetes
tar -xzf kubernetes_*.orig.tar.gz -C /usr/src
