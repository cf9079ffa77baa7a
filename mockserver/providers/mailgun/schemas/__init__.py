"""What comes in: form fields, query parameters, one JSON body, and the section of a seed."""
