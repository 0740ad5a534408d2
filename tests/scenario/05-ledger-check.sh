#!/bin/bash
# The checker of the ledger finds each defect, in small ledgers, and none where
# there is none.
set -eu
. scripts/redis-private
command -v python3 >/dev/null || skip "no python3"

# Entries of a file are parted by commas here. A reply is its id, with the code
# of its error or, behind a slash, its task: 7 7=timeout 7/handler.
write_file() # NAME ENTRIES
{
	[ "$2" = - ] || tr , '\n' <<<"$2" >"$SCRATCH/$1"
}

write_replies() # ENTRIES
{
	local entry
	[ "$1" != - ] || return 0
	for entry in ${1//,/ }; do
		case $entry in
		*=*) echo "{\"id\":\"${entry%=*}\",\"task\":\"t\",\"status\":\"error\",\"error\":{\"code\":\"${entry#*=}\"}}" ;;
		*/*) echo "{\"id\":${entry%/*},\"task\":\"${entry#*/}\",\"status\":\"ok\"}" ;;
		!*) echo "${entry#!}" ;;
		*) echo "{\"id\":\"$entry\",\"task\":\"t\",\"status\":\"ok\",\"result\":{}}" ;;
		esac
	done >"$SCRATCH/answered"
}

rows=0
while read -r name acknowledged unknown ran answered want status options; do
	[ -n "$name" ] || continue
	rows=$((rows + 1)) got=0
	rm -f "$SCRATCH/acknowledged" "$SCRATCH/unknown" "$SCRATCH/ran" "$SCRATCH/answered"
	write_file acknowledged "$acknowledged"
	write_file unknown "$unknown"
	write_file ran "${ran//_/ }"
	write_replies "$answered"
	# shellcheck disable=SC2086
	python3 tests/tools/ledger_check.py "$SCRATCH" $options >"$SCRATCH/said" 2>&1 || got=$?
	[ "$got" = "$status" ] || fail "$name: status $got, not $status: $(cat "$SCRATCH/said")"
	[ "$want" != - ] || continue
	read -r said <"$SCRATCH/said"
	# What is not named is 0, but for how many there were.
	for pair in ${want//,/ } lost=0 unexpected=0 duplicated=0 recovered=0 unrun=0 overlapped=0 errors=0 reruns=0; do
		case ,$want, in *",$pair,"*) ;; *",${pair%=*}="*) continue ;; esac
		case ", $said," in *", ${pair/=/ },"*) ;; *)
			fail "$name: not $pair in: $said" ;;
		esac
	done
done <<'TABLE'
nothing           -       -    -                                -            attempts=0,acknowledged=0              0
balanced          1,2,3   -    -                                3,1,2        attempts=3,acknowledged=3              0
lost              1,2,3   -    -                                1,3          acknowledged=3,lost=1                  1
lost_all          1,2     -    -                                -            lost=2                                 1
lost_one_of_twins 1,1     -    -                                1            attempts=2,lost=1                      1
twins             1,1     -    -                                1,1          attempts=2                             0
unexpected        1       -    -                                1,9          unexpected=1                           1
unexpected_twice  1       -    -                                1,9,9        unexpected=2                           1
no_reply          1       -    -                                1,!nonsense  unexpected=1                           1
no_status         1       -    -                                1,!{"id":1}  unexpected=1                           1
duplicated        1,2     -    -                                1,2,2        duplicated=1                           1
duplicated_thrice 1       -    -                                1,1,1        duplicated=2                           1
twins_and_a_third 1,1     -    -                                1,1,1        duplicated=1                           1
duplicated_error  1       -    -                                1,1=timeout  duplicated=1,errors=1                  1
unknown_came      1       2    -                                1,2          attempts=2,acknowledged=1,recovered=1  0
unknown_did_not   1       2,3  -                                1            attempts=3,acknowledged=1              0
unknown_twice     1       2    -                                1,2,2        recovered=1,duplicated=1               1
known_and_unknown 1       1    -                                1            attempts=2,acknowledged=1              0
both_came         1       1    -                                1,1          attempts=2,recovered=1                 0
not_hidden        1,2     3    -                                1,3          lost=1,recovered=1                     1
error             1,2     -    -                                1,2=timeout  errors=1                               1
error_allowed     1,2     -    -                                1,2=timeout  errors=0                               0  --allow=crashed,timeout
error_not_allowed 1,2     -    -                                1,2=timeout  errors=1                               1  --allow=crashed
ran               1,2     -    1,2                              1/h,2/h      unrun=0                                0  --handler=h
rerun             1,2     -    1,2,1,1                          1/h,2/h      reruns=2                               0  --handler=h
unrun             1,2     -    1                                1/h,2/h      unrun=1                                1  --handler=h
unrun_is_others   1,2     -    1                                1/h,2/o      unrun=0                                0  --handler=h
unrun_in_error    1,2     -    1                                1/h,2=expired unrun=0                               0  --handler=h --allow=expired
in_turn           1,2     -    1_k_begin,1_k_end,2_k_begin,2_k_end 1,2       overlapped=0                           0
overlapped        1,2     -    1_k_begin,2_k_begin,1_k_end,2_k_end 1,2       overlapped=1                           1
other_key         1,2     -    1_k_begin,2_l_begin,1_k_end,2_l_end 1,2       overlapped=0                           0
killed_and_again  1,2     -    1_k_begin,1_k_begin,1_k_end,2_k_begin 1,2     reruns=1                               0
came_between      1,2     -    1_k_begin,2_k_begin,1_k_begin    1,2          overlapped=1,reruns=1                  1
bad_ran           1       -    1_k_middle                       1            -                                      2
empty_id          1,,2    -    -                                1            -                                      2
TABLE
[ "$rows" = 35 ] || fail "$rows rows"

printf '1\n2' >"$SCRATCH/acknowledged"
status=0
python3 tests/tools/ledger_check.py "$SCRATCH" >/dev/null 2>&1 || status=$?
[ "$status" = 2 ] || fail "a cut line gives $status"
: >"$SCRATCH/acknowledged"
rm -f "$SCRATCH/ran" "$SCRATCH/answered"
python3 tests/tools/ledger_check.py "$SCRATCH" >/dev/null || fail "an empty file is refused"
