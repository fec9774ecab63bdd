#!/bin/bash
# published.sh NAME VERSION FOLDER: makes a git repository of the published source of a crate, as a stranger's workspace to try Compatrix on.
# cargo downloads and unpacks the source, and checks its checksum.
set -euo pipefail
[ $# = 3 ] || { echo "usage: published.sh NAME VERSION FOLDER" >&2; exit 2; }
name=$1 version=$2 folder=$3
[ ! -e "$folder" ] || { echo "$folder exists already" >&2; exit 2; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/src"
: > "$scratch/src/lib.rs"
printf '[package]\nname = "scratch"\nversion = "0.1.0"\nedition = "2021"\n[workspace]\n[dependencies]\n%s = "=%s"\n' \
    "$name" "$version" > "$scratch/Cargo.toml"
manifest=$(cd "$scratch" && cargo metadata --format-version 1 |
    sed -n "s|.*\"manifest_path\":\"\([^\"]*/$name-$version/Cargo.toml\)\".*|\1|p")
[ -n "$manifest" ] || { echo "cargo does not know $name $version" >&2; exit 1; }
mkdir -p "$(dirname "$folder")"
cp -r "$(dirname "$manifest")" "$folder"
cd "$folder"
rm -f .cargo-ok .cargo_vcs_info.json
grep -qsx '/\?target/\?' .gitignore || echo /target >> .gitignore
git init -q -b main .
git add -A
git -c user.name=trial -c user.email=trial@example.invalid commit -qm "$name $version as published"
echo "$folder: $name $version"
