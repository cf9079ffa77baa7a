"""Hand-written OpenAPI documents, one per provider."""
