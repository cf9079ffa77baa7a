"""What the providers' blueprints are made of: Flask, Werkzeug and marshmallow are used here."""
