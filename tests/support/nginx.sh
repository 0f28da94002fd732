# Sourced by the e2e scripts that need a web server with ranges: nginx on a free port of 127.0.0.1,
# which serves $work/www. The caller's EXIT trap kills it by pid.
#   nginx_start         sets $nginx_port and $nginx_pid; its log is $work/nginx.log
nginx_start() {
  command -v nginx >/dev/null || skip "nginx is not installed: scripts/install-deps test"
  nginx_port=$(/usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  cat >"$work/nginx.conf" <<CONF
daemon off; pid $work/nginx.pid; error_log $work/nginx.err;
events {}
http { access_log $work/nginx.log; client_body_temp_path $work/t1; proxy_temp_path $work/t2;
  fastcgi_temp_path $work/t3; uwsgi_temp_path $work/t4; scgi_temp_path $work/t5;
  server { listen 127.0.0.1:$nginx_port; root $work/www; } }
CONF
  nginx -c "$work/nginx.conf" -p "$work" 2>/dev/null &
  nginx_pid=$!
  chmod 755 "$work"
  tries=0
  until curl -s --noproxy '*' -o /dev/null "http://127.0.0.1:$nginx_port/"; do
    tries=$((tries + 1)) && [ $tries -lt 200 ] || die "nginx: $(cat "$work/nginx.err")"
    sleep 0.05
  done
}
