#!/bin/bash
# rediss:// against a Redis that speaks TLS, with an authority of our own: what is
# right works, from the worker and from the commands; a certificate for another
# host, of an unknown authority or out of its time is refused, and said why.
set -eu
. scripts/redis-private
. tests/worker.sh
command -v openssl >/dev/null || skip "no openssl"
command -v python3 >/dev/null || skip "no python3"
status=0
said=$("$CHERRY" ping --redis rediss://127.0.0.1:1 2>&1) || status=$?
case $said in
*"which this build lacks"*)
	[ "$status" = 78 ] || fail "refused with $status, not 78"
	skip "this build has no TLS: its hiredis is too old"
	;;
esac
unset SSL_CERT_FILE SSL_CERT_DIR

# --- Certificates ---------------------------------------------------------------

cd_root=$PWD
mkdir "$SCRATCH/tls"
cd "$SCRATCH/tls"

authority()
{
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-keyout "$1.key" -out "$1.pem" -days 2 -subj "/CN=$1" 2>/dev/null
}

# certificate NAME AUTHORITY SUBJECT_ALT_NAMES: valid for two days.
certificate()
{
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-keyout "$1.key" -out "$1.csr" -subj "/CN=$1" 2>/dev/null
	printf 'subjectAltName=%s\n' "$3" >"$1.ext"
	openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" \
		-CAcreateserial -days 2 -extfile "$1.ext" -out "$1.pem" 2>/dev/null
}

# The same, and its time is over: only `openssl ca` can be told the dates.
certificate_expired()
{
	certificate "$1" "$2" "$3"
	mkdir -p ca.out
	: >ca.index
	echo 01 >ca.serial
	cat >ca.conf <<END
[ca]
default_ca = one
[one]
database = ca.index
serial = ca.serial
new_certs_dir = ca.out
default_md = sha256
policy = any
[any]
commonName = supplied
END
	openssl ca -batch -config ca.conf -cert "$2.pem" -keyfile "$2.key" \
		-in "$1.csr" -out "$1.pem" -extfile "$1.ext" -notext \
		-startdate 20200101000000Z -enddate 20200102000000Z 2>/dev/null
}

authority ours
authority theirs
certificate good ours DNS:localhost,IP:127.0.0.1
certificate nameonly ours DNS:localhost
certificate elsewhere ours DNS:redis.example.org,IP:192.0.2.1
certificate stranger theirs DNS:localhost,IP:127.0.0.1
certificate_expired expired ours DNS:localhost,IP:127.0.0.1
certificate client ours DNS:client
cd "$cd_root"
tls=$SCRATCH/tls

# --- Server ----------------------------------------------------------------------

read -r port plain < <(free_ports 2)
redis_start --bind 127.0.0.1 --tls-port "$port" --port "$plain" \
	--tls-auth-clients no --tls-ca-cert-file "$tls/ours.pem" \
	--tls-cert-file "$tls/good.pem" --tls-key-file "$tls/good.key" ||
	skip "this redis-server has no TLS"

serve_as()
{
	redis CONFIG SET tls-cert-file "$tls/$1.pem" tls-key-file "$tls/$1.key" |
		grep -qx OK || fail "the server does not take the certificate $1"
}

# on NAME COMMAND...: with our authority.
trusting="--set redis.ca_file=$tls/ours.pem"
REDIS_URL=rediss://localhost:$port
ADDRESS_URL=rediss://127.0.0.1:$port

# --- What is right works -----------------------------------------------------------

worker_start $trusting --concurrency 1 --set cherry.max_payload=32M
push '{"task":"echo","args":{"n":1},"reply_to":"r:1"}'
expect_reply r:1 '*"n":1*'
for url in "$REDIS_URL" "$ADDRESS_URL"; do
	"$CHERRY" ping --redis "$url" $trusting || fail "ping at $url"
	answer=$("$CHERRY" push --redis "$url" $trusting --wait=10 echo '{"n":2}') ||
		fail "push at $url"
	case $answer in *'"n":2'*) ;; *) fail "push printed $answer" ;; esac
done

# Many records, both ways.
python3 - >"$SCRATCH/large" <<'END'
print('{"task":"echo","args":{"text":"%s"},"reply_to":"r:large"}' % ("0123456789abcdef" * 500000))
END
"$CHERRY" push --redis "$REDIS_URL" $trusting --lines <"$SCRATCH/large" ||
	fail "a push of 8 MB"
wait_for 20 '[ "$(redis LLEN r:large)" = 1 ]' "the reply of 8 MB"
[ "$(redis LINDEX r:large 0 | wc -c)" -gt 8000000 ] || fail "the large reply is short"
for ((i = 0; i < 2000; i++)); do
	printf '{"task":"echo","args":{"n":%d},"reply_to":"r:many"}\n' "$i"
done | "$CHERRY" push --redis "$REDIS_URL" $trusting --lines
wait_for 20 '[ "$(redis LLEN r:many)" = 2000 ]' "2,000 replies"

# The name is told to the server before its certificate is chosen.
python3 - "$SCRATCH" <<'END' &
import os, socket, ssl, sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1] + "/tls/good.pem", sys.argv[1] + "/tls/good.key")
def heard(connection, name, context):
    with open(sys.argv[1] + "/names", "a") as out:
        out.write("%s\n" % name)
context.sni_callback = heard
server = socket.create_server(("127.0.0.1", 0))
with open(sys.argv[1] + "/sni.new", "w") as out:
    out.write(str(server.getsockname()[1]))
os.rename(sys.argv[1] + "/sni.new", sys.argv[1] + "/sni")
for _ in range(2):
    try:
        context.wrap_socket(server.accept()[0], server_side=True).close()
    except OSError:
        pass
END
on_exit "kill -KILL $!"
wait_for 10 'test -e "$SCRATCH/sni"' "a server that notes names"
for host in localhost 127.0.0.1; do
	"$CHERRY" ping --redis "rediss://$host:$(cat "$SCRATCH/sni")" $trusting 2>/dev/null && fail "no Redis answered"
done
[ "$(cat "$SCRATCH/names")" = "localhost
None" ] || fail "the names told: $(cat "$SCRATCH/names")"

# --- What is wrong is refused ------------------------------------------------------

# refused URL PATTERN [OPTION...]: by push and by work, at its start.
refused()
{
	local url=$1 pattern=$2 status said
	shift 2
	said=$("$CHERRY" push --redis "$url" "$@" echo 2>&1) && fail "push works at $url"
	case $said in
	$pattern) ;;
	*) fail "push at $url said: $said" ;;
	esac
	status=0
	said=$(timeout 20 "$CHERRY" work --redis "$url" "$@" 2>&1) || status=$?
	[ "$status" = 69 ] || fail "work at $url ended with $status: $said"
	case $said in
	$pattern) ;;
	*) fail "work at $url said: $said" ;;
	esac
}

before=$(redis LLEN tasks)
refused "$REDIS_URL" '*certificate is refused*ca_file*'
refused "$REDIS_URL" '*certificate is refused*ca_file*' --set "redis.ca_file=$tls/theirs.pem"
serve_as nameonly
refused "$ADDRESS_URL" '*certificate is refused: IP address mismatch*another host*' $trusting
serve_as elsewhere
refused "$REDIS_URL" '*certificate is refused: *ostname mismatch*another host*' $trusting
serve_as stranger
refused "$REDIS_URL" '*certificate is refused*ca_file*' $trusting
serve_as expired
refused "$REDIS_URL" '*certificate is refused: certificate has expired*' $trusting
[ "$(redis LLEN tasks)" = "$before" ] || fail "something was pushed all the same"

# A worker that serves is not ended by it: it waits, and goes on.
redis CLIENT KILL TYPE normal SKIPME yes >/dev/null
wait_for 10 'grep -q "certificate has expired" "$SCRATCH/worker.log"' "the worker's word about it"
serve_as good
push '{"task":"echo","reply_to":"r:again"}'
expect_reply r:again '*"status":"ok"*'

said=$("$CHERRY" push --redis "rediss://localhost:$plain" $trusting echo 2>&1) &&
	fail "a server without TLS was taken"
case $said in *"does this port speak TLS?"*) ;; *) fail "a server without TLS: $said" ;; esac
said=$("$CHERRY" work --redis "$REDIS_URL" --set redis.ca_file=/nowhere.pem 2>&1) &&
	fail "a missing file was taken"
case $said in *ca_file*/nowhere.pem*) ;; *) fail "a missing file: $said" ;; esac

# A server that wants a certificate of ours.
redis CONFIG SET tls-auth-clients yes >/dev/null
said=$("$CHERRY" push --redis "$REDIS_URL" $trusting echo 2>&1) &&
	fail "no certificate of ours was needed"
case $said in *certificate*) ;; *) fail "without our certificate: $said" ;; esac
"$CHERRY" ping --redis "$REDIS_URL" $trusting --set "redis.cert_file=$tls/client.pem" \
	--set "redis.key_file=$tls/client.key" || fail "with our certificate"
said=$("$CHERRY" ping --redis "$REDIS_URL" $trusting --set "redis.cert_file=$tls/client.pem" 2>&1) &&
	fail "a certificate without its key"
case $said in *cert_file*key_file*) ;; *) fail "a certificate without its key: $said" ;; esac
redis CONFIG SET tls-auth-clients no >/dev/null
worker_stop
