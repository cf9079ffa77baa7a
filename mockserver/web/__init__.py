"""The web layer of the providers' blueprints, on Flask, Werkzeug and marshmallow."""
