// What studio.js adds to the page.
interface Window {
  studio: {
    events: { at: number; type: string; [field: string]: any }[];
    sent: { type: string; [field: string]: any }[];
    say(name: string): Promise<void>;
    dump(): Promise<string>;
    farHeardAt: number;
    tell(event: object): void;
    hear(event: object): void; // as if the server had sent it
    keep: string[]; // types of events that are noted in sent and do not go out
    peer: RTCPeerConnection;
    screen?: MediaStream; // of the test that shares one
  };
}
