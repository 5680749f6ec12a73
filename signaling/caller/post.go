package caller

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"

	"omnilive/signaling"
)

// CallsPath is where offers are posted.
const CallsPath = "/v1/realtime/calls"

// post exchanges offer and answer over HTTP.
type post struct {
	url string
	o   Options
}

func (p post) exchange(ctx context.Context, offer string) (answer, location string, err error) {
	target, err := p.target()
	if err != nil {
		return "", "", err
	}
	body, kind, err := p.body(offer)
	if err != nil {
		return "", "", fmt.Errorf("post offer: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, body)
	if err != nil {
		return "", "", fmt.Errorf("post offer: %w", err)
	}
	req.Header.Set("Content-Type", kind)
	req.Header.Set("Accept", "application/sdp")
	if p.o.APIKey != "" {
		req.Header.Set("Authorization", "Bearer "+p.o.APIKey)
	}
	client := p.o.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	res, err := client.Do(req)
	if err != nil {
		return "", "", fmt.Errorf("post offer: %w", err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(io.LimitReader(res.Body, signaling.MaxOffer))
	if err != nil {
		return "", "", fmt.Errorf("read answer: %w", err)
	}
	if res.StatusCode != http.StatusCreated {
		return "", "", fmt.Errorf("post offer to %s: %s: %s", target, res.Status, reason(data))
	}
	return string(data), res.Header.Get("Location"), nil
}

// target is where to post: the server's address, or the calls path itself.
func (p post) target() (string, error) {
	u, err := url.Parse(p.url)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", fmt.Errorf("call %q: not a URL such as http://127.0.0.1:8080", p.url)
	}
	if !strings.HasSuffix(u.Path, CallsPath) {
		u = u.JoinPath(CallsPath)
	}
	return u.String(), nil
}

// body is the offer alone, or a form with the settings beside it.
func (p post) body(offer string) (io.Reader, string, error) {
	if len(p.o.Session) == 0 {
		return strings.NewReader(offer), "application/sdp", nil
	}
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	for _, part := range []struct{ name, kind, value string }{
		{"sdp", "application/sdp", offer}, {"session", "application/json", string(p.o.Session)},
	} {
		w, err := form.CreatePart(textproto.MIMEHeader{
			"Content-Disposition": {fmt.Sprintf("form-data; name=%q", part.name)}, "Content-Type": {part.kind},
		})
		if err != nil {
			return nil, "", err
		}
		if _, err := io.WriteString(w, part.value); err != nil {
			return nil, "", err
		}
	}
	if err := form.Close(); err != nil {
		return nil, "", err
	}
	return &b, form.FormDataContentType(), nil
}

// reason is what a server's error body says.
func reason(body []byte) string {
	var e struct {
		Error struct {
			Message string `json:"message"`
		} `json:"error"`
	}
	if json.Unmarshal(body, &e) == nil && e.Error.Message != "" {
		return e.Error.Message
	}
	return strings.TrimSpace(string(body[:min(len(body), 200)]))
}
