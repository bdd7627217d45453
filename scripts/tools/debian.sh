# shellcheck shell=bash
# Fetches Debian packages into a directory, installing none. Sourced after common.sh, never run.
#
# apt gets lists and a cache of its own, so that this needs no root, sees packages that the machine's
# last `apt-get update` did not, and leaves the machine as it was. What it fetches is held to a
# SHA-256 of ours beside apt's own signatures.

# debian_open DIRECTORY INSTEAD : prepares DIRECTORY for the two functions below; INSTEAD is what a
# person can do where they fail.
debian_open() {
    debian=$1 instead=$2
    if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
        die "expected Debian 12's apt-get and dpkg-deb, found none; $instead"
    fi
    mkdir -p "$debian/lists/partial" "$debian/cache/archives/partial"
    debian_sources >"$debian/sources.list"
    [ -s "$debian/sources.list" ] ||
        die "expected Debian 12 (bookworm, main) among the sources of apt, found none; $instead"
    cat >"$debian/apt.conf" <<CONFIGURATION
Dir::Etc::sourcelist "$debian/sources.list";
Dir::Etc::sourceparts "-";
Dir::State::lists "$debian/lists";
Dir::Cache "$debian/cache";
APT::Sandbox::User "$(id -un)";
Acquire::Retries "3";
CONFIGURATION
    # A list that cannot be had shows below, where what it would have named is not found.
    debian_apt apt-get update -qq >"$debian/update.log" 2>&1 || true
}

# The machine's own sources of bookworm, whatever form it keeps them in, with those of source
# packages beside them.
debian_sources() {
    local keys=/usr/share/keyrings/debian-archive-keyring.gpg option=""
    [ ! -e "$keys" ] || option="[signed-by=$keys] "
    # shellcheck disable=SC2016  # apt fills these in, not the shell.
    apt-get indextargets --no-release-info --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' \
        'Created-By: Packages' | sort -u |
        awk -v option="$option" '
            $2 ~ /^bookworm(-updates|-security)?$/ && $3 == "main" {
                print "deb " option $0
                print "deb-src " option $0
            }'
}

debian_apt() {
    (cd "$debian" && APT_CONFIG=$debian/apt.conf "$@")
}

# debian_unpack PACKAGE VERSION SHA256 TARGET : unpacks a binary package of this machine's kind.
debian_unpack() {
    local package=$1 version=$2 hash=$3 target=$4 file
    debian_apt apt-get download -qq "$package=$version" >>"$debian/fetch.log" 2>&1 ||
        debian_failed "$package $version"
    file=$(compgen -G "$debian/${package}_*.deb") || debian_failed "$package $version"
    debian_verify "$file" "$hash"
    dpkg-deb -x "$file" "$target"
    rm "$file"
}

# debian_source PACKAGE FILE SHA256 : fetches one file of a source package, prints its path.
debian_source() {
    local package=$1 file=$debian/$2 hash=$3
    debian_apt apt-get source -qq --download-only "$package" >>"$debian/fetch.log" 2>&1 ||
        debian_failed "the source of $package"
    [ -f "$file" ] || debian_failed "$2, a file of the source of $package"
    debian_verify "$file" "$hash"
    echo "$file"
}

debian_verify() {
    local found
    found=$(sha256sum <"$1" | cut -d' ' -f1)
    [ "$found" = "$2" ] || die "$(basename "$1"): expected SHA-256 $2, found $found"
}

debian_failed() {
    cat "$debian/update.log" "$debian/fetch.log" >&2
    die "could not fetch $1 with apt (above is what it said); $instead"
}
