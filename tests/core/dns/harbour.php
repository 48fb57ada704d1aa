<?php
/*
 * Records that customers of the harbour publish. Written for the tests:
 * every way of writing that a grown file has.
 */
$Relay = 'relay.harbour.example';
define('UNUSED', 1);

$EmailCampaignDNSTemplates = function ($AppDomain, $Subdomain = '', $TrackPrefix = '') use ($Relay) {
    $Keys = "key1._domainkey.{$Relay}";
    $Template = [
        'Default' => [
            $Subdomain . '._SenderDomain_' => ['CNAME', $Relay], // bounces
            'key1._domainkey.' . $Subdomain . '._SenderDomain_' => ['CNAME', $Keys, true],
            "_DMARC.$Subdomain._SenderDomain_" => array('CNAME', '_DMARC.' . $Relay),
            $TrackPrefix . '-' . $Subdomain . '._SenderDomain_' => ['CNAME', "track.${Relay}"],
            # '_dmarc._SenderDomain_' => ['CNAME', '_dmarc.relay.harbour.example'],
            '_SenderDomainRandom_.' . $Subdomain . '._SenderDomain_' => ['TXT', '_SenderDomainHash_'],
        ],
        "Deep water" => array(
            '_SenderDomain_' => ['txt', "v=spf1 include:spf.$AppDomain -all"],
            'in.' . '_SenderDomain_' => ['MX', 'mx.harbour.example.'],
            'sip._SenderDomain_' => ['SRV', '0 5 5060 sip.harbour.example'],
            'note._SenderDomain_' => ['TXT', 'it\'s "quoted" \\ here'],
            'note2._SenderDomain_' => ['TXT', "tab\there \x41\u{42}\103 \$5"],
            'twice._SenderDomain_' => ['A', '192.0.2.1'],
            'twice._SenderDomain_' => ['A', '192.0.2.2'],
            'bad host._SenderDomain_' => ['A', '192.0.2.3'],
            'in._SenderDomain_' . '' => ['MX', '20 mx2.harbour.example'],
            /* 'gone._SenderDomain_' => ['A', '192.0.2.4'], */
            'NOTE._SenderDomain_' => ['CNAME', 'x.harbour.example'],
        ),
    ];
    $Template['Nothing'] = [];
    return $Template;
};

$EmailGatewayDNSTemplates = function (string $AppDomain, $Subdomain = ''): array {
    return array(
        'Default' => [
            $Subdomain . '._SenderDomain_' => ['CNAME', 'relay.harbour.example'],
        ],
    );
};
?>
