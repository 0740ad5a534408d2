#!/bin/bash
# A newcomer goes through README from top to bottom: every block is run, in a
# tree of links to this one, with `redis-cli` and the default URL leading to a
# private Redis. Blocks of languages that are not here are left out.
set -eu
. scripts/redis-private
redis_start

tree=$SCRATCH/tree
mkdir "$tree" "$SCRATCH/bin"
for name in Makefile src include scripts tests packaging README.md LICENSE; do
	ln -s "$PWD/$name" "$tree/$name"
done
mkdir "$tree/build"
ln -s "$PWD/${BUILD:-build}"/* "$tree/build/"
# Already built; what `make` and `make install` do is tested by themselves, and
# here they must not build this tree a second time.
cat >"$SCRATCH/bin/make" <<END
#!/bin/sh
case \$1 in
install) shift; exec env "\$@" BUILD=build scripts/install-files ;;
esac
END
cat >"$SCRATCH/bin/redis-cli" <<END
#!/bin/sh
exec $(command -v redis-cli) -s "$REDIS_SOCKET" "\$@"
END
chmod +x "$SCRATCH/bin"/*

# One script of all blocks, in order. Each says where it began.
awk -v scratch="$SCRATCH" '
	/^```[a-z]+$/ && !inside {
		language = substr($0, 4); inside = 1; n++
		print "echo \"README line " NR "\" >&2"
		if (language != "sh")
			print "if command -v " program(language) \
			      " >/dev/null; then " program(language) " - <<\"END OF BLOCK\""
		next
	}
	/^```$/ && inside {
		if (language != "sh") print "END OF BLOCK\nfi"
		inside = 0; next
	}
	inside { print }
	END { if (inside) exit 1; print "echo blocks " n }
	function program(l) { return l == "python" ? "python3" : l }
' README.md >"$SCRATCH/script"
grep -q '^echo blocks [1-9][0-9]' "$SCRATCH/script" ||
	fail "README has no ten blocks: $(tail -n 1 "$SCRATCH/script")"

cd "$tree"
unset BUILD
PATH=$SCRATCH/bin:$PATH REDIS_URL=$REDIS_URL timeout -k 5 120 bash -c '
	trap '\''kill $(jobs -p) 2>/dev/null || :'\'' EXIT
	set -e -o pipefail
	. "$1"' readme "$SCRATCH/script" >"$SCRATCH/out" 2>"$SCRATCH/err" </dev/null ||
	fail "README: $(grep 'README line' "$SCRATCH/err" | tail -n 1): $(tail -n 5 "$SCRATCH/err" "$SCRATCH/out")"

for part in '"hello":"world"' '<ins>green' 'a:1:{s:4:"user";i:7;}' '"output":"5' \
	'"result":{"n":2}' 'queue.*state' 'the configuration is good' 'cherry 0'; do
	grep -q -- "$part" "$SCRATCH/out" ||
		fail "README's blocks did not print $part: $(cat "$SCRATCH/out")"
done
