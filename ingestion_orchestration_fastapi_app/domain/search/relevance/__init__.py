"""How relevant a hit is, told from neutral texts' scores on the same pictures. Arrays alone."""
