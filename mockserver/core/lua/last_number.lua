-- Return the number of the last tenant that was created.
return number(get_number('counts', 'last_number'))
