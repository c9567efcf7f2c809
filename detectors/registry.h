// The detectors of this sensor: one include and one line each, by kind.
#ifndef VEDETTE_DETECTORS_REGISTRY_H_
#define VEDETTE_DETECTORS_REGISTRY_H_

#include "detectors/anomaly/outlier.h"
#include "detectors/corruption/checksum.h"
#include "detectors/corruption/decode_errors.h"
#include "detectors/corruption/fragment_overlap.h"
#include "detectors/corruption/tcp_flags.h"
#include "detectors/detector.h"
#include "detectors/dos/amplification.h"
#include "detectors/dos/device_silent.h"
#include "detectors/dos/icmp_flood.h"
#include "detectors/dos/syn_flood.h"
#include "detectors/dos/udp_flood.h"
#include "detectors/exfil/beacon.h"
#include "detectors/exfil/dns_tunnel.h"
#include "detectors/exfil/sensitive_content.h"
#include "detectors/exfil/volume.h"
#include "detectors/recon/host_scan.h"
#include "detectors/recon/port_scan.h"

namespace vedette {

using Detectors = DetectorPack<Outlier,           // anomaly
                               Checksum,          // corruption
                               DecodeErrors,      //
                               FragmentOverlap,   //
                               TcpFlags,          //
                               Amplification,     // dos
                               DeviceSilent,      //
                               IcmpFlood,         //
                               SynFlood,          //
                               UdpFlood,          //
                               Beacon,            // exfil
                               DnsTunnel,         //
                               SensitiveContent,  //
                               Volume,            //
                               HostScan,          // recon
                               PortScan           //
                               >;

}  // namespace vedette
#endif  // VEDETTE_DETECTORS_REGISTRY_H_
