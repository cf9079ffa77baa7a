"""The SMTP server: a port for each provider, which speaks as the provider does and delivers nothing.

`server` accepts connections, `connection` reads lines and messages, `session` has the commands, `processing` runs them
for the tenant of the login.
"""
