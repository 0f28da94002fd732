# 100 creates killed at random moments: each is continued, and under 5 % of the source is read twice.
# Slow: 200 creates of 2 GB; SIZE, in MB, and ROUNDS change that.
. "$(dirname "$0")/lib.sh"
size=${SIZE:-2000}
mkdir folder
head -c ${size}000000 /dev/urandom | split -b 500000 -a 5 - folder/
head -c ${size}000000 /dev/urandom >large
tar cf folder.tar folder
sleep 0.3
/usr/bin/python3 "$here/../support/kill_creates.py" "$GRID" "${ROUNDS:-100}" "${SHARE:-0.05}" \
  folder=folder large=large tar=folder.tar,--extract
