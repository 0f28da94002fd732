# kill.sh at 50 moments.
# Slow: 50 creates, each with a verify.
ROUNDS=50 exec sh "$(dirname "$0")/kill.sh"
