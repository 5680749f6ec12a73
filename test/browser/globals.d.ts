// What studio.js adds to the page.
interface Window {
  studio: {
    events: { at: number; type: string; [field: string]: any }[];
    sent: { type: string; [field: string]: any }[];
    say(name: string): Promise<void>;
    dump(): Promise<string>;
    farHeardAt: number;
    tell(event: object): void;
  };
}
