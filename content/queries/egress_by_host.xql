// Bytes sent to each remote host, most first; hosts below `$least` bytes are left out.
// call "egress_by_host" least = 1000000
dataset = xdr_data
| filter action_remote_hostname != null and action_network_bytes_out != null
| comp sum(action_network_bytes_out) as bytes_out, count() as events, min(_time) as first_seen, max(_time) as last_seen by action_remote_hostname
| filter bytes_out >= $least
| sort desc bytes_out
