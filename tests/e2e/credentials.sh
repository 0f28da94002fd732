# A role for a private bucket: its policies, its external id, the proof that it works, and creates that
# find it by themselves. First against a stand-in that checks signatures and external ids, then radosgw.
. "$(dirname "$0")/lib.sh"
. "$here/../support/radosgw.sh"
export XDG_CONFIG_HOME=$work/config AWS_EC2_METADATA_DISABLED=true AWS_REGION=us-east-1
standin_port=$(free_port)
mkdir -p objects/private/pictures objects/other
seq 1000 >objects/private/pictures/a && head -c 300000 /dev/urandom >objects/private/pictures/b
echo x >objects/other/x
configure() { # EXTERNAL_ID BUCKETS
  cat >standin.json <<C
{"users": {"USERKEY": {"secret": "usersecret", "arn": "arn:aws:iam::123456789012:user/ann", "may_read": []}},
 "roles": {"arn:aws:iam::123456789012:role/Read": {"trusts": ["arn:aws:iam::123456789012:user/ann"], "external_id": $1, "may_read": [$2]}}}
C
}
configure '"none yet"' '"private"'
/usr/bin/python3 "$here/../support/s3_standin.py" "$standin_port" objects standin.json >standin.out 2>&1 &
standin=$!
trap 'kill "$standin" 2>/dev/null || :; clean_up' EXIT
export AWS_ENDPOINT_URL=http://127.0.0.1:$standin_port AWS_ACCESS_KEY_ID=USERKEY AWS_SECRET_ACCESS_KEY=usersecret
for _ in $(seq 100); do curl -s --noproxy '*' -o /dev/null "$AWS_ENDPOINT_URL/" && break; sleep 0.1; done
role=arn:aws:iam::123456789012:role/Read
field() { /usr/bin/python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$1" "$2"; }

fails 1 grid datastore create s3://private/pictures/
says '403 (access denied)'

# The policies come first, with a fresh external id; nothing is saved until there is a role.
grid credential create --type s3 --bucket private </dev/null >out 2>err
id=$(sed -n 's/.*"sts:ExternalId": "\(.*\)".*/\1/p' out)
[ ${#id} = 32 ] || die "no external id: $(cat out)"
for part in '"AWS": "arn:aws:iam::123456789012:user/ann"' '"s3:ListBucket",' '"s3:GetBucketLocation"' \
  '"Action": "s3:GetObject"' '"Resource": "arn:aws:s3:::private"' '"Resource": "arn:aws:s3:::private/*"'; do
  grep -qF "$part" out || die "no $part in $(cat out)"
done
equal "$(grep -c 's3:' out)" 5
grep -qF -- "--external-id $id" err || die "does not say how to go on: $(cat err)"
grid credential create --bucket private -o json --quiet </dev/null >again
[ "$(field again external_id)" != "$id" ] || die "the external id is not fresh"
equal "$(grid credential list 2>&1)" 'no credentials; create one with: grid credential create --type s3 --bucket BUCKET'

# A role that asks for another id, may do nothing or does not exist is refused, and nothing is saved.
fails 1 grid credential create --bucket private --external-id "$id" --role-arn "$role"
says "must name arn:aws:iam::123456789012:user/ann and the external id $id"
configure "\"$id\"" '"other"'
fails 1 grid credential create --bucket private --external-id "$id" --role-arn "$role"
says 'its permission policy does not let it list the bucket private'
fails 2 grid credential create --bucket private --role-arn nonsense
says 'is not the ARN of a role'
fails 2 grid credential create
says '--bucket BUCKET'
fails 2 grid credential create --bucket private --type gs
says '--type takes s3, not "gs"'
[ ! -e config ] || die "something was saved"

# By prompt. Only the owner may read the saved file, and it contains no secret.
configure "\"$id\"" '"private"'
printf '%s\n' "$role" | grid credential create --bucket private --external-id "$id" >out 2>err || die "$(cat err)"
tail -1 out | grep -q 's3://private can be read; saved in' || die "$(cat out)"
[ ! -s err ] || ! grep -q 'without the external id' err || die "$(cat err)"
equal "$(stat -c %a "$XDG_CONFIG_HOME/grid/credentials/private.json")" 600
! grep -rq usersecret "$XDG_CONFIG_HOME" || die "the secret was saved"
grid credential list | grep -q "^private  *s3  *private  *$role" || die "$(grid credential list)"
fails 1 grid credential create --bucket private --role-arn "$role"
says 'there is a credential private already'

# From then on creates find it by themselves.
grid datastore create s3://private/pictures/ --quiet >/dev/null
grid datastore cat pictures b | cmp - objects/private/pictures/b
fails 1 grid datastore create s3://other/
says '403 (access denied)'
configure '"changed"' '"private"'
fails 1 grid datastore create s3://private/pictures/
says 'the credential private: '
grid credential delete private --quiet
fails 1 grid datastore create s3://private/pictures/
! grep -q 'the credential private' err || die "$(cat err)"
fails 1 grid credential delete private
says 'there is no credential private'

# A role that does not require the id works, with a warning.
configure null '"private"'
grid credential create --bucket private --name open --role-arn "$role" >/dev/null 2>err
grep -q 'has no condition on sts:ExternalId' err || die "$(cat err)"

# The real server cannot say who asks and does not know external ids. The role gets the printed policies.
radosgw_start  # which sets a trap of its own
trap 'kill "$standin" 2>/dev/null || :; ceph_stop; clean_up' EXIT
use_owner
make_bucket secret
printf hello | s3 PUT /secret/in/hello -f --data-binary @- -o /dev/null
radosgw_admin user create --uid=svc --display-name=svc --access-key=SVCKEY --secret-key=svcsecret --max-buckets=-1 >/dev/null
export AWS_ACCESS_KEY_ID=SVCKEY AWS_SECRET_ACCESS_KEY=svcsecret
fails 2 grid credential create --bucket secret </dev/null
says 'with --principal, name'
grid credential create --bucket secret --principal arn:aws:iam:::user/svc -o json --quiet </dev/null >secret.json
field secret.json permission_policy >permissions
field secret.json trust_policy | /usr/bin/python3 -c 'import json, sys
policy = json.load(sys.stdin)
del policy["Statement"][0]["Condition"]
policy["Statement"][0]["Action"] = [policy["Statement"][0]["Action"]]
print(json.dumps(policy))' >trust
radosgw_admin role create --role-name=Secret --path=/ --assume-role-policy-doc="$(cat trust)" >/dev/null
radosgw_admin role-policy put --role-name=Secret --policy-name=read --policy-doc="$(cat permissions)" >/dev/null
grid credential create --bucket secret --principal arn:aws:iam:::user/svc --role-arn arn:aws:iam:::role/Secret --quiet >/dev/null 2>&1
grid datastore create s3://secret/in/ --name found --quiet >/dev/null
equal "$(grid datastore cat found hello)" hello
grid credential delete secret --quiet
fails 1 grid datastore create s3://secret/in/ --name found

# The other way round: the bucket's own policy grants access.
grid datastore policy s3://secret --principal arn:aws:iam:::user/svc >policy
s3 PUT '/secret?policy=' -f --data-binary @policy -o /dev/null
grid datastore create s3://secret/in/ --name found | grep -q 'same as found:1' || die "the policy does not let in"
fails 1 grid --store s3://secret/store datastore create objects
says '403 (access denied)'
fails 2 grid datastore policy s3://secret
says '--principal ARN'
fails 2 grid datastore policy s3://secret/in --principal 123456789012
says 'a bucket has one policy'
