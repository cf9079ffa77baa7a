-- Return the number of the last tenant that was created.
return call('HGET', P .. 'counts', 'last_number') or '0'
