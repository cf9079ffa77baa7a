-- Return the number of the last tenant made.
return call('HGET', P .. 'counts', 'made') or '0'
