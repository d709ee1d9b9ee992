#!/usr/bin/env bash
#
# Brings the copy of a bucket up to date, once a night, and compares the two once a week. In the crontab:
#
#     MAILTO=admin@example.com
#     17 2 * * *  /usr/local/bin/nightly.sh
#
# It says nothing when all is well; what it says otherwise, cron mails. Credentials come from where s3copy finds them:
# ~/.aws, ~/.s3cfg or the role of the machine. The settings may also be set in the crontab.

set -u
umask 077

SOURCE=${SOURCE:-s3://photos}
DEST=${DEST:-s3://photos-backup}
STATE=${STATE:-$HOME/.local/state/s3copy}
CHECK_DAY=${CHECK_DAY:-7} # 1 is Monday
PAUSE=${PAUSE:-300}       # seconds before what failed is tried once more

# What the keys in a list of failures are relative to: the folder that SOURCE lies in, as for cp -r.
case $SOURCE in
    s3://*/\*) FOLDER=${SOURCE%\*} ;;
    s3://*/?*) FOLDER=${SOURCE%/}; FOLDER=${FOLDER%/*}/ ;;
    *) FOLDER=$SOURCE ;;
esac

mkdir -p "$STATE" && cd "$STATE" || exit 1
exec 9>lock
if ! flock --nonblock 9; then
    echo "the run before this one is still going on"
    exit 0
fi
: >messages

copy() {
    s3copy -q -L s3copy.log "$@" 2>>messages
}

tell() {
    echo "$SOURCE -> $DEST: $1"
    cat messages
}

copy --report report.jsonl --failures failed.txt --html run.html "$SOURCE" "$DEST"
status=$?
if [ "$status" -eq 3 ]; then
    sleep "$PAUSE"
    copy --failures failed-again.txt -F failed.txt "$FOLDER" "$DEST"
    status=$?
fi
case $status in
    0) ;;
    1) tell "the run could not go on" ;;
    2) tell "wrong settings; nothing was touched" ;;
    3) tell "some objects failed twice, listed in $STATE/failed-again.txt" ;;
    130 | 143) tell "interrupted; the next run continues" ;;
    *) tell "s3copy ended with $status" ;;
esac
[ "$status" -eq 0 ] || exit "$status"

if [ "$(date +%u)" -eq "$CHECK_DAY" ]; then
    # --one-way: what was deleted from the source stays in the copy.
    s3copy check -q --one-way "$SOURCE" "$DEST" 2>>messages | head -n 1000 >differences.txt
    status=${PIPESTATUS[0]}
    case $status in
        0) ;;
        4) tell "$(wc -l <differences.txt) differences, listed in $STATE/differences.txt" ;;
        141) tell "more than 1,000 differences, the first in $STATE/differences.txt" ;;
        *) tell "the comparison ended with $status" ;;
    esac
fi
exit "$status"
