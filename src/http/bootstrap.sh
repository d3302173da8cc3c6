#!/bin/sh
# Enrolls this ECS instance and gives its enrollment token; --help says more.
set -eu
issuer='@ISSUER@'
served_role='@ROLE@'

usage() {
  cat <<END
Usage: curl -fsS '$issuer/bootstrap.sh' | sh

Shows this instance's identity to $issuer and prints its enrollment token.
Needs curl, sha256sum, base64 and od (coreutils or busybox). In the environment:
  ROLLCALL_ROLE           role to ask for (default: '$served_role')
  ROLLCALL_RESOURCE       the one audience that the token is for (default: all of the role)
  ROLLCALL_TOKEN_FILE     write the token there, mode 0600, not to standard output
  ROLLCALL_METADATA_URL   default: http://100.100.100.200
  ROLLCALL_METADATA_MODE  hardened (default), or auto: normal mode where hardened is missing
  ROLLCALL_ATTEMPTS       calls that may fail before it gives up (default: 10)
Exit status: 0 token, 2 usage, 3 metadata service, 4 refused, 5 service not available.
END
}

say() { printf 'rollcall: %s\n' "$*" >&2; }
die() {
  status=$1
  shift
  say "$@"
  exit "$status"
}

# Seconds from a clock that nobody sets while the instance boots.
now() {
  if [ -r /proc/uptime ]; then cut -d. -f1 /proc/uptime; else date +%s; fi
}

# call SECONDS ARGUMENT...: leaves $code (000: no answer) and the answer in $dir. Old versions of curl
# cap no answer whose length is not announced, so ulimit does: 128 blocks are 64 KiB, in bash 128 KiB.
# Without the trap the signal would kill curl and dump its memory; ignored, it makes curl fail.
call() {
  limit=$1
  shift
  : >"$dir/head"
  : >"$dir/body"
  code=$(
    exec 2>"$dir/error"
    trap '' XFSZ
    ulimit -f 128 &&
      exec curl -q -sS --proto '=http,https' --connect-timeout 5 --max-time "$limit" \
        --max-filesize 65536 -D "$dir/head" -o "$dir/body" -w '%{http_code}' "$@"
  ) || code=000
}

# Whether the answer in FILE is one line of characters of SET. What has more lines, a NUL or anything
# else in it must not be taken apart: one_line FILE SET.
one_line() {
  case $(sed -n '$=' "$dir/$1"):$(others "$1" "$2") in
    1: | 1:012 | 1:015012) ;;
    *) return 1 ;;
  esac
}
others() { tr -d "$2" <"$dir/$1" | od -An -v -to1 | tr -d ' \n'; }

# What may go to a terminal: one line of printable ASCII.
shown() { tr -d '\000-\037\177' <"$dir/$1" | tr -c '\040-\176' '?' | cut -c1-1000; }

reason() {
  if [ "$code" != 000 ]; then
    problem=$(shown body)
    title=$(printf '%s' "$problem" | sed -n 's/.*"title":"\([^"]*\)".*/: \1/p')
    id=$(printf '%s' "$problem" | sed -n 's/.*"request_id":"\([^"]*\)".*/, request \1/p')
    printf 'status %s%s%s' "$code" "$title" "$id"
  elif [ "$(cat "$dir/head" "$dir/body" | wc -c)" -ge 65536 ]; then
    printf 'the answer is longer than 64 KiB'
  else
    shown error
  fi
}

# As long as the answer asks, at most a minute, and a random part of 2, 4, 8 .. 32 s.
pause() {
  asked=$(tr -d '\r' <"$dir/head" | sed -n 's/^[Rr]etry-[Aa]fter: *0*\([0-9]\{1,4\}\)$/\1/p' | tail -n 1)
  asked=${asked:-0}
  [ "$asked" -le 60 ] || asked=60
  [ "$backoff" -ge 32 ] || backoff=$((backoff * 2))
  sleep $((asked + $(od -An -N2 -tu2 /dev/urandom) % (backoff + 1)))
}

retry() {
  attempts=$((attempts - 1))
  [ "$attempts" -gt 0 ] || die 5 "$issuer is not available ($(reason)); try again later"
  say "$issuer: $(reason); trying again"
  pause
}

refused() {
  die 4 "$issuer refused: $(reason); its operator finds why in the audit event of this request"
}

# metadata FILE PATH ARGUMENT...: leaves a good answer in $dir/FILE.
metadata() {
  file=$1
  url=$metadata_url/latest/$2
  shift 2
  tries=3
  backoff=1
  while :; do
    call 5 --noproxy '*' "$@" "$url"
    case $code in
      200)
        mv "$dir/body" "$dir/$file"
        return
        ;;
      000 | 429 | 5??) tries=$((tries - 1)) ;;
      *) return 1 ;;
    esac
    [ "$tries" -gt 0 ] ||
      die 3 "no metadata service at $metadata_url ($(reason)); is this an ECS instance in a VPC?"
    pause
  done
}

metadata_token() {
  : >"$dir/auth"
  if metadata token api/token -X PUT -H 'X-aliyun-ecs-metadata-token-ttl-seconds: 300'; then
    one_line token '\041-\176' ||
      die 3 "the metadata token of $metadata_url is not one line of text; is that the service of ECS?"
    # In a file of its own: arguments can be seen by every process.
    token=$(tr -d '\r\n' <"$dir/token" | sed 's/["\\]/\\&/g')
    printf 'header = "X-aliyun-ecs-metadata-token: %s"\n' "$token" >"$dir/auth"
  else
    case $mode$code in
      auto404 | auto405) say 'no hardened mode at the metadata service; using normal mode' ;;
      *404 | *405) die 3 "no hardened mode at $metadata_url; set ROLLCALL_METADATA_MODE=auto" ;;
      *) die 3 "$metadata_url gives no metadata token ($(reason))" ;;
    esac
  fi
}

challenge() {
  backoff=1
  while :; do
    asked_at=$(now)
    call 15 -d "${role:+role=$role}" "$issuer/v1/challenge"
    case $code in
      200) break ;;
      000 | 408 | 429 | 5??) retry ;;
      *) refused ;;
    esac
  done
  answer=
  ! one_line body '\040-\176' ||
    answer=$(sed -n 's/^{"audience":"\([A-Za-z0-9_-]\{64\}\)","expires_in":\([1-9][0-9]\{0,4\}\)}$/\1 \2/p' "$dir/body")
  audience=${answer% *}
  [ -n "$audience" ] || die 5 "$issuer answers, but not as rollcall does; check the address"
  deadline=$((asked_at + ${answer#* }))
  # Anybody can pass another service's challenge on, and would enroll there as this instance: ask
  # for no signature unless the challenge names this service and role.
  name=$(printf 'rollcall-audience-v1\n%s\n%s\n\n' "$issuer" "$role" | sha256sum | cut -c1-48)
  named=$(printf %s "$audience" | cut -c1-32 | tr '_-' '/+' | base64 -d | od -An -v -tx1 | tr -d ' \n')
  # The length: two tools that fail must not agree on nothing.
  case ${#name}:$named in
    "48:$name") ;;
    *) die 4 "the challenge is not of $issuer for role '$role'; stopped before anything was signed" ;;
  esac
}

identity() { metadata "${1%%\?*}" "dynamic/instance-identity/$1" -K "$dir/auth"; }

evidence() {
  metadata_token
  for path in document "pkcs7?audience=$audience"; do
    # Should the metadata token not be taken any more: once more with a new one.
    identity "$path" || { [ "$code" != 404 ] && metadata_token && identity "$path"; } ||
      die 3 "$metadata_url gives no instance-identity/${path%%\?*} ($(reason))"
  done
  if ! one_line document '\015\040-\176' || [ ! -s "$dir/pkcs7" ] ||
    [ -n "$(others pkcs7 '\012\015\040-\176')" ]; then
    die 3 "document or signature of $metadata_url is not text; is that the service of ECS?"
  fi
}

deliver() {
  token=
  ! one_line body 'A-Za-z0-9_.-' || token=$(cat "$dir/body")
  printf '%s\n' "$token" | grep -Eq '^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+){2}$' ||
    die 5 "$issuer answers, but not with a token; check the address"
  if [ -z "$token_file" ]; then
    printf %s "$token"
  else
    keep
    say "enrolled; the token is in $token_file"
  fi
  exit 0
}

# Puts the token into its file. Others may lay a folder, or a link to one, at its place meanwhile, and
# mv would move the token into that folder: -T, where mv has it, doesn't, and the file is looked at.
keep() {
  printf %s "$token" >"$new_file" || die 2 "ROLLCALL_TOKEN_FILE: cannot write $token_file"
  if ! mv -fT "$new_file" "$token_file" 2>/dev/null && [ ! -d "$token_file" ]; then
    mv -f "$new_file" "$token_file" || :
  fi
  if [ -L "$token_file" ] || [ ! -f "$token_file" ] || [ "$(cat "$token_file")" != "$token" ]; then
    rm -f "$token_file/${new_file##*/}"
    die 2 "ROLLCALL_TOKEN_FILE: $token_file was replaced by something else; the token is not there"
  fi
}

enroll() {
  backoff=1
  while [ "$(now)" -lt "$deadline" ]; do
    call 15 -H 'Accept: application/jwt' --data-urlencode "document@$dir/document" \
      --data-urlencode "pkcs7@$dir/pkcs7" ${role:+--data-urlencode "role=$role"} \
      ${resource:+--data-urlencode "resource=$resource"} "$issuer/v1/enroll"
    case $code in
      200) deliver ;;
      # The same challenge and evidence again: should the answer have been lost, it comes again.
      000 | 408 | 429 | 5??) retry ;;
      401)
        # Too slow for the challenge is no refusal, once.
        if [ -n "$late" ] || [ "$(now)" -lt "$deadline" ]; then refused; fi
        late=yes
        ;;
      *) refused ;;
    esac
  done
}

main() {
  case ${1-} in
    '') ;;
    -h | --help) usage && exit 0 ;;
    *) usage >&2 && exit 2 ;;
  esac
  umask 077
  export LC_ALL=C
  role=${ROLLCALL_ROLE:-$served_role}
  resource=${ROLLCALL_RESOURCE:-}
  token_file=${ROLLCALL_TOKEN_FILE:-}
  metadata_url=${ROLLCALL_METADATA_URL:-http://100.100.100.200}
  mode=${ROLLCALL_METADATA_MODE:-hardened}
  attempts=${ROLLCALL_ATTEMPTS:-10}
  case $role in
    '') ;;
    [!a-z]* | *[!a-z0-9-]*) die 2 'ROLLCALL_ROLE: expected a-z, then a-z, 0-9 and -' ;;
  esac
  case $mode in
    hardened | auto) ;;
    *) die 2 'ROLLCALL_METADATA_MODE: expected hardened or auto' ;;
  esac
  # A number that begins with 0 is octal to the shell.
  attempts=${attempts#"${attempts%%[!0]*}"}
  case $attempts in
    '' | *[!0-9]* | ?????*) die 2 'ROLLCALL_ATTEMPTS: expected a number from 1 to 9999' ;;
  esac
  for tool in curl sha256sum base64 od; do
    package=coreutils
    [ "$tool" != curl ] || package=curl
    command -v "$tool" >/dev/null || die 2 "$tool is missing; install the package $package"
  done
  dir=$(mktemp -d) || die 2 'no folder for temporary files; set TMPDIR'
  new_file=
  trap 'rm -rf "$dir" ${new_file:+"$new_file"}' EXIT
  trap 'exit 130' HUP INT TERM
  if [ -n "$token_file" ]; then
    [ ! -d "$token_file" ] || die 2 "ROLLCALL_TOKEN_FILE: $token_file is a folder"
    new_file=$(mktemp "$token_file.XXXXXX") || die 2 "ROLLCALL_TOKEN_FILE: cannot write $token_file"
  fi
  late=
  while :; do
    challenge
    evidence
    enroll
    attempts=$((attempts - 1))
    [ "$attempts" -gt 0 ] || die 5 "$issuer was too slow each time; try again later"
    say 'the challenge has expired; starting over with a new one'
  done
}

main "$@"
