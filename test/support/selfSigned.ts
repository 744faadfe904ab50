// A certificate for loopback that nobody has signed, and its key, which is no secret: made for tests, valid until 2126.
// `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 36500 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1`

export const selfSigned = {
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgHhymvQiJQWAtSTZ7
jfwwRrUU4r7xMtmq26jsbzRKzHKhRANCAAStbh9hc4374LO88U/g0wIBHBjWJ19g
qeczeiXCT4BHWy7RvFcJhPrRoGiosc2MM4tSC8C3//N2zobyae7nyJTE
-----END PRIVATE KEY-----`,
  cert: `-----BEGIN CERTIFICATE-----
MIIBmzCCAUGgAwIBAgIUDKStiKfPvbIIBrHqq7nK852UUeEwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyNjIxMzcwN1oYDzIxMjYxMTAy
MjEzNzA3WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAStbh9hc4374LO88U/g0wIBHBjWJ19gqeczeiXCT4BHWy7RvFcJhPrR
oGiosc2MM4tSC8C3//N2zobyae7nyJTEo28wbTAdBgNVHQ4EFgQUqhX2ph0HGHck
duHEiW/tnJtjAqYwHwYDVR0jBBgwFoAUqhX2ph0HGHckduHEiW/tnJtjAqYwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARhwR/AAABgglsb2NhbGhvc3QwCgYIKoZI
zj0EAwIDSAAwRQIhAPyzJV7YkK0L1Qf+zZtj1Lbs1fPwv4l4lFKqa+XJ0O7XAiBA
Hv7m+K/Z+U/DeIQnmqBxz2xqUXdAVPz8HdYPlqA0+Q==
-----END CERTIFICATE-----`,
};
