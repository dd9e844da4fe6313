"""What a query's sentence says of time and place: own rules, in English and German."""
