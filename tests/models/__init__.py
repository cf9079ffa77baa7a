"""Models: what each provider is said to be, in few words, beside what the server does."""
