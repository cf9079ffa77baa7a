-- Check that Redis responds.
return 1
