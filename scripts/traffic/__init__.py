"""Made traffic: what scripts/make_pcap writes. Standard library alone, the same bytes for a seed.

wire            frames: Ethernet, ARP, IPv4, IPv6, TCP, UDP, ICMP, with right checksums
messages        what applications say: DNS, DHCP, NetBIOS, TLS, HTTP, NTP
conversation    endpoints and what passes between two of them
capture         frames by time become a pcap file, whole, cut, tagged or seen in one direction only
office          the ordinary traffic of a small office
attacks         one function for each kind of alert
bulk            a million packets in seconds, for measuring
kinds           the list of all that can be made
"""
