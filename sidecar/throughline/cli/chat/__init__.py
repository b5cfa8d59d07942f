"""`throughline chat`: a session in a terminal."""
