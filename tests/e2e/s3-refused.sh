# Errors with a store in a bucket are reported in one sentence.
. "$(dirname "$0")/lib.sh"
. "$here/../support/radosgw.sh"
radosgw_start
use_owner
unset SSL_CERT_FILE CURL_CA_BUNDLE
make_bucket stores
mkdir cats && echo a >cats/a
export GRID_STORE=s3://stores/x
grid datastore create cats --quiet >/dev/null

fails 1 grid --store s3://absent/x datastore list
says "there is no bucket absent at $endpoint"
fails 1 env AWS_SECRET_ACCESS_KEY=wrong "$GRID" datastore list
says 'cannot read s3://stores/x/store.json: the server answers 403 (access denied)'
fails 1 env -u AWS_ACCESS_KEY_ID "$GRID" datastore list
says 'no credentials were found'
fails 2 env -u AWS_SECRET_ACCESS_KEY "$GRID" datastore list
says 'AWS_SECRET_ACCESS_KEY is not'
fails 1 env AWS_PROFILE=nobody "$GRID" datastore list
says 'the profile nobody (AWS_PROFILE) is neither in'
fails 2 grid --store s3://no_/../x datastore list
says 's3://no_/../x: the prefix of a store is made of names of a-z A-Z 0-9 . _ - with a / between them'
fails 2 grid --store 's3://stores/über alles+' datastore list
says 'the prefix of a store is made of names'
fails 2 grid --store s3:// datastore list
says 'cannot be the name of a bucket'
fails 2 env GRID_STALL_TIMEOUT=soon "$GRID" datastore list
says 'GRID_STALL_TIMEOUT is "soon"'
fails 2 env GRID_PATIENCE=long "$GRID" datastore list
says 'GRID_PATIENCE is "long"'
fails 2 env GRID_READ_AHEAD=everything "$GRID" datastore list
says 'GRID_READ_AHEAD is "everything"'

# TLS: an unknown authority is refused, and trusted when it is named.
fails 1 env AWS_ENDPOINT_URL="$secure_endpoint" "$GRID" datastore list
says 'set SSL_CERT_FILE to its file'
for variable in AWS_CA_BUNDLE SSL_CERT_FILE CURL_CA_BUNDLE; do
  equal "$(env AWS_ENDPOINT_URL="$secure_endpoint" "$variable=$work/authority.pem" "$GRID" datastore cat cats a)" a
done
# One beside the other: a bundle for S3 does not take back what all programs trust.
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=other -keyout other.key -out other.pem -days 1 2>/dev/null
equal "$(env AWS_ENDPOINT_URL="$secure_endpoint" AWS_CA_BUNDLE="$work/other.pem" \
  SSL_CERT_FILE="$work/authority.pem" "$GRID" datastore cat cats a)" a
fails 1 env AWS_ENDPOINT_URL="https://localhost:$secure_port" AWS_CA_BUNDLE="$work/authority.pem" "$GRID" datastore list
says 'cannot read s3://stores/x/store.json: SSL'
fails 1 env AWS_ENDPOINT_URL="http://localhost:$secure_port" "$GRID" datastore list
says 'use https://'
fails 1 env AWS_ENDPOINT_URL="https${endpoint#http}" "$GRID" datastore list
says 'use http://'

# Profiles, as the AWS tools read them.
mkdir -p "$HOME/.aws"
printf '[default]\nregion = us-east-1\nendpoint_url = %s\n' "$endpoint" >"$HOME/.aws/config"
printf '[default]\nAWS_ACCESS_KEY_ID = OWNERKEY\nAws_Secret_Access_Key = ownersecret\n' >"$HOME/.aws/credentials"
unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_ENDPOINT_URL AWS_REGION
equal "$(grid datastore cat cats a)" a

# A role that may only read, assumed with another key, cannot write but can read.
radosgw_admin user create --uid=svc --display-name=svc --access-key=SVCKEY --secret-key=svcsecret >/dev/null
radosgw_admin role create --role-name=Read --path=/ --assume-role-policy-doc='{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam:::user/svc"]},"Action":["sts:AssumeRole"]}]}' >/dev/null
radosgw_admin role-policy put --role-name=Read --policy-name=ro --policy-doc='{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:ListBucket","s3:GetObject","s3:GetBucketLocation"],"Resource":["arn:aws:s3:::stores","arn:aws:s3:::stores/*"]}]}' >/dev/null
cat >>"$HOME/.aws/config" <<C
[profile reader]
endpoint_url = $endpoint
role_arn = arn:aws:iam:::role/Read
source_profile = svc
[profile svc]
endpoint_url = $endpoint
aws_access_key_id = SVCKEY
aws_secret_access_key = svcsecret
C
export AWS_PROFILE=reader
equal "$(grid datastore cat cats a)" a
echo b >cats/b
fails 1 grid datastore create cats --quiet
says '403 (access denied)'
fails 1 env AWS_PROFILE=svc "$GRID" datastore list
says '403 (access denied)'
