"""Mailgun's forms, queries and JSON body, a module for each family of operations; and its section of a seed."""
