package mqnet_test
import ("testing";"fmt";"time";"github.com/seedmq/mq")
func TestZMany(t *testing.T) {
	for _, rec := range []time.Duration{200*time.Millisecond} {
	for _, scheme := range schemes {
			var news, cn news
			pull := makers["PULL"](t, news.option())
			addr := scheme.addr(t)
			pull.Bind(addr)
			pushes := make([]mq.Socket, 2000)
			s := time.Now()
			for n := range pushes {
				pushes[n] = closing(t, mq.NewPush(mq.WithReconnect(time.Millisecond, rec), cn.option()))
				pushes[n].Connect(addr)
				pushes[n].Send(t.Context(), mq.Text(fmt.Sprint(n)))
			}
			t.Log("connected", time.Since(s))
			for i := range pushes {
				_, err := pull.Recv(soon(t))
				if err != nil { t.Log(i, err); break }
				if i % 200 == 0 || i > 1990 { t.Log(i, time.Since(s), "acc", news.count(mq.EventAccepted), "failed", news.count(mq.EventHandshakeFailed), "att", news.count(mq.EventAttached), "disc", news.count(mq.EventDisconnected), "conn", cn.count(mq.EventConnected), "cfail", cn.count(mq.EventHandshakeFailed), "retry", cn.count(mq.EventRetrying)) }
			}
			t.Log(scheme.name, time.Since(s))
			m := map[string]int{}
			for _, e := range cn.of(mq.EventRetrying) { m[fmt.Sprint(e.Err)[max(0,len(fmt.Sprint(e.Err))-40):]]++ }
			for _, e := range news.of(mq.EventHandshakeFailed) { m["B:"+fmt.Sprint(e.Err)[max(0,len(fmt.Sprint(e.Err))-40):]]++ }
			t.Log(m)
	}}
}
