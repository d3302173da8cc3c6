#!/bin/sh
# Enrolls this ECS instance and gives its enrollment token; --help says more.
set -eu
issuer='@ISSUER@'
served_role='@ROLE@'
token_seconds=300

usage() {
  cat <<END
Usage: curl -fsS --retry 9 --retry-all-errors -o bootstrap.sh '$issuer/bootstrap.sh' && sh bootstrap.sh

Shows this instance's identity to $issuer and prints its enrollment token.
Needs curl, sha256sum, base64 and od (coreutils or busybox). In the environment:
  ROLLCALL_ROLE           role to ask for (default: '$served_role')
  ROLLCALL_RESOURCE       the one audience that the token is for (default: all of the role)
  ROLLCALL_TOKEN_FILE     write the token there, mode 0600, not to standard output
  ROLLCALL_METADATA_URL   default: http://100.100.100.200
  ROLLCALL_METADATA_MODE  hardened (default), or auto: normal mode where hardened is missing
  ROLLCALL_ATTEMPTS       calls of either service that may fail before it gives up (default: 10)
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

# Seconds of a clock that no time service sets.
now() {
  if [ -r /proc/uptime ]; then cut -d. -f1 /proc/uptime; else date +%s; fi
}

# call SECONDS ARGUMENT...: leaves the status in $code (000: no answer), the media type in $type, the answer
# in $dir/head and $dir/body, and curl's own exit status in $failed. Old versions of curl cap no answer
# without a length, so ulimit does: 128 blocks are 64 KiB, in bash 128 KiB. Without the trap its signal
# would dump curl's memory; ignored, it makes curl fail.
call() {
  limit=$1
  shift
  : >"$dir/head"
  : >"$dir/body"
  failed=0
  code=$(
    exec 2>"$dir/error"
    trap '' XFSZ
    ulimit -f 128 &&
      exec curl -q -sS --proto '=http,https' --connect-timeout 5 --max-time "$limit" \
        --max-filesize 65536 -D "$dir/head" -o "$dir/body" -w '%{http_code} %{content_type}' "$@"
  ) || failed=$?
  type=$(printf %s "${code#* }" | cut -d';' -f1 | tr '[:upper:]' '[:lower:]' | printable 100)
  code=${code%% *}
  [ "$failed" = 0 ] || code=000
}

# For a proxy, localhost is another machine.
call_service() {
  case ${issuer#*://} in
    127.*[!0-9.:]*) call 15 "$@" ;;
    localhost | localhost:* | 127.* | '[::1]'*) call 15 --noproxy '*' "$@" ;;
    *) call 15 "$@" ;;
  esac
}

# one_line FILE SET: whether the answer in FILE is one line of characters of SET, without a NUL. Other
# answers are not parsed.
one_line() {
  case $(sed -n '$=' "$dir/$1"):$(others "$1" "$2") in
    1: | 1:012 | 1:015012) ;;
    *) return 1 ;;
  esac
}
others() { tr -d "$2" <"$dir/$1" | od -An -v -to1 | tr -d ' \n'; }
too_long() { [ "$(cat "$dir/head" "$dir/body" | wc -c)" -ge 65536 ]; }

# Makes text safe for a terminal: one line of printable ASCII, at most $1 characters.
printable() {
  tr '\n' ' ' | tr -d '\000-\037\177' | tr -c '\040-\176' '?' | sed 's/ *$//' | cut -c1-"$1"
}

# field NAME: its value in the answer's own head, which is the last: a proxy's comes before it.
field() {
  tr -d '\000\r' <"$dir/head" | sed -n '/^HTTP\//h;/^HTTP\//!H;$!d;g;p' |
    grep -i "^$1:" | tail -n 1 | sed 's/^[^:]*: *//' | printable 200
}

# member NAME: a text of the problem document in $problem.
member() { printf %s "$problem" | sed -n "s/.*\"$1\" *: *\"\([^\"]*\)\".*/\1/p"; }

# judge TYPE: sets $kind to good (200 and TYPE), again or refused (a problem document of this service),
# foreign (another server answered), or as no_answer does.
judge() {
  kind=foreign
  fault=
  reason=
  case $code:$type in
    000:*) no_answer; return ;;
    200:"$1") kind=good; return ;;
    *:application/problem+json) problem=$(printable 2000 <"$dir/body") ;;
    *) return 0 ;;
  esac
  case $problem:$(printf %s "$problem" | sed -n 's/.*"status" *: *\([0-9]*\) *[,}].*/\1/p') in
    '{'*"}:$code") fault=$(member code) ;;
  esac
  case $fault in
    rate_limited | unavailable | internal_error | request_timeout) kind=again ;;
    invalid_request | invalid_evidence | invalid_dpop_proof | invalid_token | insufficient_scope | \
      proxy_not_trusted | not_admitted | not_found | method_not_allowed | payload_too_large | \
      unsupported_media_type)
      kind=refused
      reason=$(member reason)
      ;;
  esac
}

# Sets $kind of a call without an answer: none, clock, or final, which ends at once. $error says why. The
# patterns are texts of curl with OpenSSL, GnuTLS and NSS.
no_answer() {
  kind=none
  remedy='try again later'
  # curl repeats a proxy's address that it can't read, password included.
  error=$(sed "/^More details here/,\$d; s#['/].*@##" "$dir/error" | printable 300)
  ! too_long || error='the answer is longer than 64 KiB'
  case $failed:$error in
    5:*syntax*)
      kind=final
      remedy='write https_proxy as http://USER:PASSWORD@HOST:PORT'
      ;;
    35:*'wrong version'* | 35:*'unknown protocol'* | 35:*'too long'* | 35:*'TLS packet'* | \
      35:*'exceeded the maximum'*)
      kind=final
      remedy='plain HTTP answers at an https address: check the address and its port'
      ;;
    60:*expired* | 60:*'not yet'* | 60:*activated*)
      kind=clock
      remedy="the certificate is not valid at $(date -u +%Y-%m-%dT%H:%M:%SZ): set this machine's clock"
      ;;
    51:* | 60:*' target '* | 60:*'not match'*)
      kind=final
      remedy='the certificate is for another name: check the address'
      ;;
    *'40'[17]' from proxy'* | *'response 40'[17]*)
      # No retry: a wrong login can lock the account.
      kind=final
      remedy='the proxy requires a login: give it in https_proxy, http://USER:PASSWORD@HOST:PORT'
      ;;
    60:* | 77:*)
      kind=final
      remedy='for a CA of your own set SSL_CERT_FILE or CURL_CA_BUNDLE to the file of its certificate'
      ;;
  esac
}

# Waits for Retry-After, at most a minute, and a random part of 2, 4 .. 32 s.
pause() {
  asked=$(field retry-after | sed -n 's/^0*\([0-9]\{1,4\}\)$/\1/p')
  asked=${asked:-0}
  [ "$asked" -le 60 ] || asked=60
  [ "$backoff" -ge 32 ] || backoff=$((backoff * 2))
  sleep $((asked + $(od -An -N2 -tu2 /dev/urandom) % (backoff + 1)))
}

# again STATUS WHAT REMEDY: waits before the next call, or ends if too many have failed.
again() {
  attempts=$((attempts - 1))
  [ "$attempts" -gt 0 ] || die "$1" "$2; $3"
  say "$2; retrying"
  pause
}

# The text of a problem: its reason, or its title.
problem_text() {
  title=${reason:-$(member title)}
  id=$(member request_id)
  printf '%s (status %s%s)' "${title:-$fault}" "$code" "${id:+, request $id}"
}

# After a failed call: retries, or ends.
retry() {
  case $kind in
    again) again 5 "$issuer is not available: $(problem_text)" 'try again later' ;;
    foreign)
      server=$(field server)
      target=$(field location)
      answer="$code $type${server:+, server $server}${target:+, leads to $target}"
      again 5 "something else answers at $issuer: $answer" \
        'check the address and the proxies in front of the service'
      ;;
    final) die 5 "no connection to $issuer ($error); $remedy" ;;
    clock)
      # Without TLS, so that it works with a wrong clock.
      [ "$attempts" -gt 1 ] || remedy="$remedy$(metadata_date)"
      again 5 "no connection to $issuer ($error)" "$remedy"
      ;;
    none) again 5 "$issuer does not answer ($error)" "$remedy" ;;
  esac
}
metadata_date() {
  call 5 --noproxy '*' "$metadata_url/latest/"
  date=$(field date)
  printf %s "${date:+ (the metadata service says $date)}"
}

refused() {
  case $fault:$reason in
    *:no_role_matches)
      remedy='check the name of the role and the policy (rollcall policy check FILE --document -)'
      ;;
    *:key_required) remedy='this script binds no key: use rollcall enroll --dpop-key FILE' ;;
    *:resource_not_allowed) remedy="set ROLLCALL_RESOURCE to one of the role's audiences" ;;
    *:already_enrolled) remedy='an operator can allow one more enrollment (rollcall admin reset)' ;;
    *:key_changed)
      remedy='use rollcall enroll --dpop-key with the first key, or have an operator reset the instance'
      ;;
    *:image_unchanged) remedy='redeploy the instance with a new image, or have an operator reset it' ;;
    not_admitted:* | invalid_evidence:*)
      reason=
      remedy='ask the operator of the service for the reason in the audit event of this request'
      ;;
    *) remedy='this script and the service differ in version: fetch the script again' ;;
  esac
  die 4 "$issuer refused: $(problem_text); $remedy"
}

# Whether this machine has a route yet; new versions of curl don't say why they can't connect.
has_route() { [ ! -r /proc/net/route ] || [ "$(wc -l </proc/net/route)" -gt 1 ]; }

# metadata FILE PATH ARGUMENT...: leaves the body of a 200 in $dir/FILE. Retries as for the service, but
# only three tries if this machine has a network and nothing has ever answered.
metadata() {
  file=$1
  url=$metadata_url/latest/$2
  shift 2
  quick=3
  backoff=1
  while :; do
    call 5 --noproxy '*' "$@" "$url"
    [ "$code" = 000 ] || heard=yes
    case $code in
      200)
        mv "$dir/body" "$dir/$file"
        return
        ;;
      429 | 5??)
        again 3 "the metadata service at $metadata_url is not available (status $code)" 'try again later'
        ;;
      000)
        no_answer
        ! too_long || die 3 "$metadata_url: $error; is that the metadata service of ECS?"
        [ "$kind" = none ] ||
          die 3 "no connection to $metadata_url ($error); write http:// in ROLLCALL_METADATA_URL"
        quick=$((quick - 1))
        [ "$quick" -gt 0 ] || [ -n "$heard" ] || [ "$failed" = 6 ] || ! has_route || attempts=1
        if [ -n "$heard" ]; then
          again 3 "the metadata service at $metadata_url does not answer ($error)" 'try again later'
        else
          again 3 "no metadata service at $metadata_url ($error)" 'is this an ECS instance in a VPC?'
        fi
        ;;
      *) return 1 ;;
    esac
  done
}

metadata_token() {
  : >"$dir/auth"
  if metadata token api/token -X PUT -H "X-aliyun-ecs-metadata-token-ttl-seconds: $token_seconds"; then
    one_line token '\041-\176' ||
      die 3 "the metadata token of $metadata_url is not one line of text; is that the service of ECS?"
    # In a file, because every process can see arguments.
    token=$(tr -d '\r\n' <"$dir/token" | sed 's/["\\]/\\&/g')
    printf 'header = "X-aliyun-ecs-metadata-token: %s"\n' "$token" >"$dir/auth"
  else
    said="$metadata_url gives no metadata token (status $code)"
    case $mode$code in
      auto404 | auto405) say 'no hardened mode at the metadata service; using normal mode' ;;
      *404 | *405) no_hardened_mode ;;
      *400) die 3 "$said; it refused the TTL of $token_seconds s; is that the metadata service of ECS?" ;;
      *403) die 3 "$said; it refuses what comes through a proxy (X-Forwarded-For): reach it directly" ;;
      *) die 3 "$said; is that the metadata service of ECS?" ;;
    esac
  fi
}

# Normal mode is weaker, so it is advised only if the metadata service has no hardened mode.
no_hardened_mode() {
  call 5 --noproxy '*' "$metadata_url/latest/meta-data/instance-id"
  if [ "$code" = 200 ] && one_line body 'A-Za-z0-9-'; then
    die 3 "no hardened mode at $metadata_url; set ROLLCALL_METADATA_MODE=auto"
  fi
  die 3 "$said; is ROLLCALL_METADATA_URL the address of the metadata service?"
}

challenge() {
  backoff=1
  while :; do
    asked_at=$(now)
    call_service -d "${role:+role=$role}" "$issuer/v1/challenge"
    judge application/json
    case $kind in
      good) break ;;
      refused) refused ;;
      *) retry ;;
    esac
  done
  answer=
  ! one_line body '\040-\176' ||
    answer=$(sed -n 's/^{"audience":"\([A-Za-z0-9_-]\{64\}\)","expires_in":\([1-9][0-9]\{0,4\}\)}$/\1 \2/p' "$dir/body")
  audience=${answer% *}
  [ -n "$audience" ] || die 5 "$issuer answers, but it is not a rollcall service; check the address"
  deadline=$((asked_at + ${answer#* }))
  # A hostile service could pass on the challenge of another one, to enroll there as this instance: ask
  # for no signature unless the challenge names this service and role.
  name=$(printf 'rollcall-audience-v1\n%s\n%s\n\n' "$issuer" "$role" | sha256sum | cut -c1-48)
  named=$(printf %s "$audience" | cut -c1-32 | tr '_-' '/+' | base64 -d | od -An -v -tx1 | tr -d ' \n')
  # The length: two tools that fail give equal, empty texts.
  case ${#name}:$named in
    "48:$name") ;;
    *) die 4 "the challenge is not for $issuer and role '$role'; stopped before anything was signed" ;;
  esac
}

evidence_part() { metadata "${1%%\?*}" "dynamic/instance-identity/$1" -K "$dir/auth"; }

evidence() {
  metadata_token
  for path in document "pkcs7?audience=$audience"; do
    # If the metadata token is rejected: once more with a new one.
    evidence_part "$path" || { [ "$code" != 404 ] && metadata_token && evidence_part "$path"; } ||
      die 3 "$metadata_url gives no instance-identity/${path%%\?*} (status $code)"
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

# Puts the token into its file. If a folder is there by now, or a link to one, mv would move the token
# into it. Some systems lack mv -T, so the file is checked.
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
    call_service -H 'Accept: application/jwt' --data-urlencode "document@$dir/document" \
      --data-urlencode "pkcs7@$dir/pkcs7" ${role:+--data-urlencode "role=$role"} \
      ${resource:+--data-urlencode "resource=$resource"} "$issuer/v1/enroll"
    judge application/jwt
    case $kind in
      good) deliver ;;
      refused)
        # A refusal after the challenge has expired is retried once.
        case $fault$late in
          invalid_evidence) [ "$(now)" -ge "$deadline" ] || refused ;;
          *) refused ;;
        esac
        late=yes
        ;;
      # The same challenge and evidence again: if an answer was lost, the service repeats it.
      *) retry ;;
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
  while [ "$metadata_url" != "${metadata_url%/}" ]; do metadata_url=${metadata_url%/}; done
  case $metadata_url in
    */latest) die 2 "ROLLCALL_METADATA_URL: remove /latest; expected ${metadata_url%/latest}" ;;
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
    # The token would replace it.
    if [ -e "$token_file" ]; then
      [ -f "$token_file" ] || die 2 "ROLLCALL_TOKEN_FILE: $token_file is a device or a pipe"
      cat "$token_file" >/dev/null || die 2 "ROLLCALL_TOKEN_FILE: cannot read $token_file"
      ! tr -d '\0' <"$token_file" | grep -Ev '^eyJ[A-Za-z0-9_-]{0,200}(\.[A-Za-z0-9_.-]*)?$' | grep -q . ||
        die 2 "ROLLCALL_TOKEN_FILE: $token_file is not a token"
    fi
    new_file=$(mktemp "$token_file.XXXXXX") || die 2 "ROLLCALL_TOKEN_FILE: cannot write $token_file"
  fi
  late=
  heard=
  while :; do
    challenge
    evidence
    enroll
    attempts=$((attempts - 1))
    [ "$attempts" -gt 0 ] || die 5 "each challenge of $issuer expired before the enrollment was complete; try again later"
    say 'the challenge has expired; starting over with a new one'
  done
}

main "$@"
