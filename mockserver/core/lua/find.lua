-- Return the entry of a credential. ARGV: digest
sweep()
return call('HGET', P .. 'creds', A[1])
